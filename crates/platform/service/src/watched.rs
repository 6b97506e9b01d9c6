//! Files that are read again when they change, such as keys: a new one counts within seconds, without a restart.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use slog::{info, warn};

use crate::Context;

/// How often a file is looked at. They are small, so they are read, rather than asked for their time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What a file says, as of the last few seconds. Text that cannot be used is reported, and what was there before stays.
///
/// # Errors
/// The file cannot be read or used at the start.
pub fn follow<T, E>(
    file: &Path,
    context: &Context,
    parse: fn(&str) -> Result<T, E>,
) -> anyhow::Result<Arc<ArcSwap<T>>>
where
    T: Send + Sync + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let unusable = || format!("{} cannot be used", file.display());
    let mut known = std::fs::read_to_string(file).with_context(unusable)?;
    let now = Arc::new(ArcSwap::from_pointee(parse(&known).with_context(unusable)?));
    let (shared, file, process) = (Arc::clone(&now), file.to_owned(), context.clone());
    context.spawn("file", async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = process.stop.wait() => return Ok(()),
            }
            // One that is being written anew is looked at again.
            let Ok(text) = tokio::fs::read_to_string(&file).await else { continue };
            if text == known {
                continue;
            }
            match parse(&text) {
                Ok(value) => {
                    shared.store(Arc::new(value));
                    info!(process.log, "a file was read anew"; "file" => %file.display());
                }
                Err(error) => {
                    warn!(process.log, "a file cannot be used as it is now: what it said before stays";
                        "file" => %file.display(), "error" => %error);
                }
            }
            known = text;
        }
    });
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::until;

    #[tokio::test]
    async fn a_changed_file_counts_and_a_broken_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        let context = Context::for_test("a");
        assert!(follow(&file, &context, str::parse::<u32>).is_err(), "it is not there");
        std::fs::write(&file, "1").unwrap();
        let number = follow(&file, &context, str::parse::<u32>).unwrap();
        assert_eq!(**number.load(), 1);
        std::fs::write(&file, "none").unwrap();
        tokio::time::sleep(LOOK_AGAIN + Duration::from_millis(200)).await;
        assert_eq!(**number.load(), 1);
        std::fs::write(&file, "2").unwrap();
        until("the new number", Duration::from_secs(20), || async { (**number.load() == 2).then_some(()) })
            .await
            .unwrap();
        context.stop.trigger();
    }
}
