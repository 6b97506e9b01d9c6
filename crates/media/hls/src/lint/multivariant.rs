//! Rules about the multivariant playlist.

use std::collections::BTreeMap;

use super::{
    report::Page,
    rules::{
        AVERAGE_ABOVE_PEAK, AVERAGE_MISSING, CHANNELS_MISSING, CODECS_MISSING, DEFAULT_NOT_AUTOSELECT,
        DEFAULT_TWICE, FRAME_RATE_MISSING, FRAME_RATE_TOO_HIGH, GROUP_MISSING, I_FRAMES_MISSING,
        LANGUAGE_FORM, LANGUAGE_MISSING, NAME_TWICE, NO_VARIANT, RESOLUTION_MISSING, VERSION_TOO_HIGH,
    },
};
use crate::{
    language,
    read::{Multivariant, Rendition, Variant},
};

/// Looks at a multivariant playlist by itself.
pub(super) fn check(page: &mut Page<'_>, playlist: &Multivariant) {
    if playlist.variants.is_empty() {
        page.add(NO_VARIANT, "no EXT-X-STREAM-INF");
    }
    // Nothing in ours needs more than 1; section 8 leaves 4 free to those who have EXT-X-MEDIA.
    if playlist.version > 4 {
        page.add(VERSION_TOO_HIGH, format!("EXT-X-VERSION:{} where 4 is enough", playlist.version));
    }
    for variant in &playlist.variants {
        check_variant(variant, playlist, page);
    }
    let video = |variant: &Variant| is_video(variant) && !variant.codecs.is_empty();
    if playlist.i_frame_variants.is_empty() && playlist.variants.iter().any(video) {
        page.add(I_FRAMES_MISSING, "no EXT-X-I-FRAME-STREAM-INF");
    }
    check_groups(&playlist.renditions, page);
}

/// Whether a variant has pictures. One that does not say what it holds is taken to have.
pub(super) fn is_video(variant: &Variant) -> bool {
    let sound = |codec: &String| {
        ["mp4a", "ac-3", "ec-3", "alac", "fLaC", "Opus"].iter().any(|one| codec.starts_with(one))
    };
    variant.codecs.is_empty() || !variant.codecs.iter().all(sound)
}

fn check_variant(variant: &Variant, playlist: &Multivariant, page: &mut Page<'_>) {
    let at = format!("line {}, {}", variant.line, variant.uri);
    if variant.codecs.is_empty() {
        page.add(CODECS_MISSING, at.clone());
    }
    if is_video(variant) {
        if variant.resolution.is_none() {
            page.add(RESOLUTION_MISSING, at.clone());
        }
        match variant.frame_rate {
            None => page.add(FRAME_RATE_MISSING, at.clone()),
            Some(rate) if rate > 60.0 => page.add(FRAME_RATE_TOO_HIGH, format!("{at}: {rate}")),
            Some(_) => {}
        }
    }
    match (variant.average_bandwidth, variant.bandwidth) {
        (None, _) => page.add(AVERAGE_MISSING, at.clone()),
        (Some(average), Some(peak)) if average > peak => {
            page.add(AVERAGE_ABOVE_PEAK, format!("{at}: AVERAGE-BANDWIDTH={average}, BANDWIDTH={peak}"));
        }
        _ => {}
    }
    for (kind, group) in [("AUDIO", &variant.audio), ("SUBTITLES", &variant.subtitles)] {
        let Some(group) = group else { continue };
        if !playlist.renditions.iter().any(|rendition| rendition.kind == kind && rendition.group == *group) {
            page.add(GROUP_MISSING, format!("{at}: {kind}={group:?}"));
        }
    }
}

fn check_groups(renditions: &[Rendition], page: &mut Page<'_>) {
    let mut names: BTreeMap<_, u32> = BTreeMap::new();
    let mut defaults: BTreeMap<_, u32> = BTreeMap::new();
    for rendition in renditions {
        let group = (rendition.kind.as_str(), rendition.group.as_str());
        *names.entry((group, rendition.name.as_str())).or_default() += 1;
        *defaults.entry(group).or_default() += u32::from(rendition.default);
        let at = format!("line {}, {}", rendition.line, rendition.name);
        if rendition.default && rendition.autoselect == Some(false) {
            page.add(DEFAULT_NOT_AUTOSELECT, at.clone());
        }
        if !matches!(rendition.kind.as_str(), "AUDIO" | "SUBTITLES") {
            continue;
        }
        match rendition.language.as_deref() {
            None => page.add(LANGUAGE_MISSING, at.clone()),
            Some(language) if !language::is_tag(language) => {
                page.add(LANGUAGE_FORM, format!("{at}: LANGUAGE={language:?}"));
            }
            Some(_) => {}
        }
        if rendition.kind == "AUDIO" && rendition.channels.is_none() {
            page.add(CHANNELS_MISSING, at);
        }
    }
    for ((_, name), times) in names {
        if times > 1 {
            page.add(NAME_TWICE, format!("{name:?} {times} times"));
        }
    }
    for ((_, group), times) in defaults {
        if times > 1 {
            page.add(DEFAULT_TWICE, format!("{times} in the group {group:?}"));
        }
    }
}
