//! Listing objects.

use aws_sdk_s3::types::EncodingType;

use crate::support::{BUCKET, World};

const KEYS: [&str; 7] = [
    "a.csv",
    "in/1.csv",
    "in/2.csv",
    "in/deep/3.csv",
    "out/1.csv",
    "z",
    "ä ö",
];

async fn filled() -> World {
    let world = World::start().await;
    for key in KEYS {
        world.put(key, key).await;
    }
    world
}

/// All pages of a listing: keys, then common prefixes, page by page.
async fn pages(world: &World, prefix: &str, delimiter: &str, size: i32) -> Vec<Vec<String>> {
    let list = world.s3.list_objects_v2().bucket(BUCKET).prefix(prefix);
    let list = list.set_delimiter((!delimiter.is_empty()).then(|| delimiter.to_owned()));
    let mut pages = list.max_keys(size).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(
            page.key_count().unwrap() as usize,
            page.contents().len() + page.common_prefixes().len()
        );
        let keys = page.contents().iter().map(|object| object.key());
        let prefixes = page.common_prefixes().iter().map(|common| common.prefix());
        all.push(
            keys.chain(prefixes)
                .map(|name| name.unwrap().to_owned())
                .collect(),
        );
    }
    all
}

#[tokio::test]
async fn keys_come_in_the_order_of_their_bytes_page_by_page() {
    let world = filled().await;
    assert_eq!(pages(&world, "", "", 1000).await, [KEYS]);
    assert_eq!(
        pages(&world, "", "", 3).await,
        [
            vec!["a.csv", "in/1.csv", "in/2.csv"],
            vec!["in/deep/3.csv", "out/1.csv", "z"],
            vec!["ä ö"],
        ]
    );
    assert_eq!(
        pages(&world, "in/", "", 2).await,
        [vec!["in/1.csv", "in/2.csv"], vec!["in/deep/3.csv"]]
    );
    assert_eq!(pages(&world, "nothing", "", 2).await, [Vec::<&str>::new()]);
}

#[tokio::test]
async fn a_delimiter_folds_keys_into_common_prefixes() {
    let world = filled().await;
    assert_eq!(
        pages(&world, "", "/", 1000).await,
        [vec!["a.csv", "z", "ä ö", "in/", "out/"]]
    );
    assert_eq!(
        pages(&world, "in/", "/", 1000).await,
        [vec!["in/1.csv", "in/2.csv", "in/deep/"]]
    );
    // A page that ends with a common prefix must not begin the next with it.
    assert_eq!(
        pages(&world, "", "/", 1).await,
        [
            vec!["a.csv"],
            vec!["in/"],
            vec!["out/"],
            vec!["z"],
            vec!["ä ö"]
        ]
    );
}

#[tokio::test]
async fn a_listing_can_start_behind_a_key_and_encode_its_keys() {
    let world = filled().await;
    let list = world.s3.list_objects_v2().bucket(BUCKET).start_after("z");
    let page = list.encoding_type(EncodingType::Url).send().await.unwrap();
    assert_eq!(page.contents()[0].key(), Some("%C3%A4+%C3%B6"));
    assert_eq!(page.contents()[0].size(), Some(5));
    assert!(page.contents()[0].owner().is_none());
    assert_eq!(page.is_truncated(), Some(false));
}

#[tokio::test]
async fn the_old_listing_pages_by_marker() {
    let world = filled().await;
    let list = || world.s3.list_objects().bucket(BUCKET).delimiter("/");
    let first = list().max_keys(2).send().await.unwrap();
    assert_eq!(first.next_marker(), Some("in/"));
    let second = list().marker("in/").send().await.unwrap();
    let prefixes: Vec<_> = second
        .common_prefixes()
        .iter()
        .flat_map(|p| p.prefix())
        .collect();
    assert_eq!(prefixes, ["out/"]);
    assert_eq!(second.contents()[0].key(), Some("z"));
}
