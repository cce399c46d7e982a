//! A blob is there whole or not at all.

use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;

use engine::ports::blobs::Blobs;
use store::FileBlobs;

#[tokio::test]
async fn a_blob_appears_under_its_name_when_finished() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = FileBlobs::open(dir.path(), true).unwrap();
    let mut writer = blobs.create("a.wav").unwrap();
    writer.write_all(b"????, world").unwrap();
    writer.seek(SeekFrom::Start(0)).unwrap();
    writer.write_all(b"hell").unwrap();
    assert_eq!(blobs.len("a.wav").await.unwrap(), None);
    assert_eq!(blobs.path("a.wav"), None);
    let sha256 = writer.finish().unwrap();
    // Of "hell, world", by coreutils' sha256sum.
    assert_eq!(sha256, HELL_WORLD);
    assert_eq!(blobs.len("a.wav").await.unwrap(), Some(11));
    let path = blobs.path("a.wav").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for (offset, count, want) in [
        (0, 11, "hell, world"),
        (6, 2, "wo"),
        (6, u64::MAX, "world"),
        (11, 5, ""),
        (u64::MAX, 5, ""),
    ] {
        let got = blobs.read("a.wav", offset, count).await.unwrap();
        assert_eq!(got, want.as_bytes(), "{count} from {offset}");
    }
    let again = blobs.create("a.wav").err().unwrap();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    blobs.delete("a.wav").await.unwrap();
    blobs.delete("a.wav").await.unwrap();
    assert_eq!(blobs.len("a.wav").await.unwrap(), None);
    let gone = blobs.read("a.wav", 0, 1).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_dropped_or_left_unfinished_disappears() {
    let dir = tempfile::tempdir().unwrap();
    let count = || std::fs::read_dir(dir.path().join("recordings")).unwrap().count();
    let blobs = FileBlobs::open(dir.path(), true).unwrap();
    let mut writer = blobs.create("a").unwrap();
    writer.write_all(b"half").unwrap();
    assert_eq!(count(), 1);
    drop(writer);
    assert_eq!(count(), 0);
    blobs.create("whole").unwrap().finish().unwrap();
    std::mem::forget(blobs.create("left").unwrap());
    assert_eq!(count(), 2);
    // A tool beside the server leaves it alone; the next server clears it away.
    FileBlobs::open(dir.path(), false).unwrap();
    assert_eq!(count(), 2);
    FileBlobs::open(dir.path(), true).unwrap();
    assert_eq!(count(), 1);
    assert_eq!(blobs.len("whole").await.unwrap(), Some(0));
    blobs.create("left").unwrap().finish().unwrap();
}

#[tokio::test]
async fn names_stay_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = FileBlobs::open(dir.path(), true).unwrap();
    let long = "x".repeat(201);
    for name in [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "a\0b",
        ".hidden",
        "a.part",
        "é",
        &long,
    ] {
        let e = blobs.create(name).err().unwrap();
        assert_eq!(e.kind(), ErrorKind::InvalidInput, "{name:?}");
        assert!(blobs.read(name, 0, 1).await.is_err(), "{name:?}");
        assert!(blobs.len(name).await.is_err(), "{name:?}");
        assert!(blobs.delete(name).await.is_err(), "{name:?}");
        assert_eq!(blobs.path(name), None, "{name:?}");
    }
}

const HELL_WORLD: &str = "7a48e212fea6a81f929cda8ea2148565b2df04c9a7ec0fa7fdb799419b4e3f9c";
