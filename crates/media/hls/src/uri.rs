//! URI references, resolved as RFC 3986 5.2 says: playlists are full of relative ones.

/// The URI that `reference` stands for in a document at `base`.
pub fn resolve(base: &str, reference: &str) -> String {
    if scheme(reference).is_some() {
        return reference.to_owned();
    }
    let (scheme, rest) = scheme(base).unwrap_or(("", base));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let prefix = if rest.starts_with("//") { format!("{scheme}//{authority}") } else { scheme.to_owned() };
    if reference.starts_with("//") {
        return format!("{scheme}{reference}");
    }
    let path_end = path.find(['?', '#']).unwrap_or(path.len());
    let (base_path, base_tail) = path.split_at(path_end);
    let reference_end = reference.find(['?', '#']).unwrap_or(reference.len());
    let (reference_path, tail) = reference.split_at(reference_end);
    if reference_path.is_empty() {
        // Only a query or a fragment, or nothing: the document itself.
        let query = base_tail.split('#').next().unwrap_or_default();
        let query = if tail.starts_with('?') { "" } else { query };
        return format!("{prefix}{base_path}{query}{tail}");
    }
    let joined = if reference_path.starts_with('/') {
        reference_path.to_owned()
    } else {
        let folder = base_path.rfind('/').map_or("/", |end| base_path.get(..=end).unwrap_or("/"));
        format!("{folder}{reference_path}")
    };
    format!("{prefix}{}{tail}", without_dots(&joined))
}

/// A URI's scheme with the colon, and what follows it.
fn scheme(uri: &str) -> Option<(&str, &str)> {
    let colon = uri.find(':')?;
    let (scheme, _) = uri.split_at(colon);
    let letters = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    letters.then(|| uri.split_at(colon + 1))
}

/// Takes `.` and `..` out of a path.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let ends_in_folder = path.ends_with("/.") || path.ends_with("/..");
    for segment in path.trim_start_matches('/').split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let folder = if ends_in_folder && !kept.is_empty() { "/" } else { "" };
    format!("/{}{folder}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_rfc_3986_does() {
        let base = "http://a.example:8080/hls/open/one/master.m3u8?x=1#f";
        for (reference, expected) in [
            ("v0/index.m3u8", "http://a.example:8080/hls/open/one/v0/index.m3u8"),
            ("./v0/7.m4s?y=2", "http://a.example:8080/hls/open/one/v0/7.m4s?y=2"),
            ("../two/master.m3u8", "http://a.example:8080/hls/open/two/master.m3u8"),
            ("../../../../x", "http://a.example:8080/x"),
            ("/x/./y", "http://a.example:8080/x/y"),
            ("//b.example/y", "http://b.example/y"),
            ("https://c.example/z.ts", "https://c.example/z.ts"),
            ("?z=3", "http://a.example:8080/hls/open/one/master.m3u8?z=3"),
            ("", "http://a.example:8080/hls/open/one/master.m3u8?x=1"),
            ("10:30/x.ts", "http://a.example:8080/hls/open/one/10:30/x.ts"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{reference}");
        }
        assert_eq!(resolve("http://a.example", "x.m3u8"), "http://a.example/x.m3u8");
    }
}
