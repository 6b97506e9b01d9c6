//! What every place must do.

use std::collections::BTreeSet;

use bytes::Bytes;
use funkturm_base::Kind;
use funkturm_objects::{Key, Objects};

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(crate) async fn run(objects: &Objects) {
    objects.check().await.unwrap();
    stores_and_reads(objects).await;
    reads_ranges(objects).await;
    copies_and_deletes(objects).await;
    lists_in_pages(objects).await;
    replaces_as_a_whole(objects).await;
}

async fn stores_and_reads(objects: &Objects) {
    let (logo, absent) = (key("logos/a.png"), key("logos/b.png"));
    objects.put(&logo, Bytes::from_static(b"first")).await.unwrap();
    objects.put(&logo, Bytes::from_static(b"second")).await.unwrap();
    objects.put(&key("empty"), Bytes::new()).await.unwrap();
    assert_eq!(objects.get(&logo, None).await.unwrap(), "second");
    assert_eq!(objects.get(&key("empty"), None).await.unwrap(), "");
    assert_eq!(objects.head(&logo).await.unwrap().size, 6);
    for error in [
        objects.get(&absent, None).await.unwrap_err(),
        objects.head(&absent).await.unwrap_err(),
        objects.copy(&absent, &logo).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::NotFound, "{}", error.chain());
    }
}

async fn reads_ranges(objects: &Objects) {
    let digits = key("digits");
    objects.put(&digits, Bytes::from_static(b"0123456789")).await.unwrap();
    for (range, expected) in [(0..10, "0123456789"), (2..5, "234"), (8..100, "89"), (3..3, "")] {
        assert_eq!(objects.get(&digits, Some(range)).await.unwrap(), expected);
    }
    assert_eq!(objects.get(&digits, Some(10..20)).await.unwrap_err().kind(), Kind::Invalid);
}

async fn copies_and_deletes(objects: &Objects) {
    let (from, to) = (key("copy/from"), key("copy/deep/er/to"));
    let body = Bytes::from(vec![7; 3 << 20]);
    objects.put(&from, body.clone()).await.unwrap();
    objects.copy(&from, &to).await.unwrap();
    objects.delete(&from).await.unwrap();
    objects.delete(&from).await.unwrap();
    assert_eq!(objects.get(&from, None).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(objects.get(&to, None).await.unwrap(), body);
}

async fn lists_in_pages(objects: &Objects) {
    let names: BTreeSet<String> =
        (0..7).flat_map(|n| ["l/a", "l/a-b", "l/a0", "l/b/c"].map(|name| format!("{name}/{n}"))).collect();
    for name in &names {
        objects.put(&key(name), Bytes::from_static(b"x")).await.unwrap();
    }
    for (prefix, limit) in [("l/", 5), ("l/", 1000), ("l/a/", 3), ("l/a", 4), ("l/b/c/3", 1), ("nothing", 1)]
    {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = objects.list(prefix, after.as_ref(), limit).await.unwrap();
            assert!(page.objects.len() <= usize::from(limit));
            listed.extend(page.objects.into_iter().map(|meta| meta.key.to_string()));
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<&String> = names.iter().filter(|name| name.starts_with(prefix)).collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{prefix} by {limit}");
    }
}

/// Readers see one of the versions, never a mixture.
async fn replaces_as_a_whole(objects: &Objects) {
    let both = key("versions");
    objects.put(&both, Bytes::from(vec![0; 100_000])).await.unwrap();
    let writer = tokio::spawn({
        let (objects, both) = (objects.clone(), both.clone());
        async move {
            for n in 1..30 {
                objects.put(&both, Bytes::from(vec![n; 100_000])).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let body = objects.get(&both, None).await.unwrap();
        assert!(body.len() == 100_000 && body.iter().all(|byte| *byte == body[0]));
    }
    writer.await.unwrap();
}
