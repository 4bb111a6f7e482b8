//! Archives made to hurt: names that lead elsewhere, links, devices, lying sizes, too many entries,
//! bombs, mutations.

use std::path::Path;
use std::time::{Duration, Instant};

use spinet_data::archive::{MAX_ENTRIES, parse};
use spinet_data::{Error, Samples};
use tar::{EntryType, Header};

use super::bombs::{blocks, refused_soon};
use super::{MIB, Numbers, gzip};
use spinet_testing::memory::measure;
use spinet_testing::mutate::{FILES, LIMIT, mutate, run};
use spinet_testing::sound::{FILES_OF_SET, LAYOUT};

/// A header with any name, kind and size.
pub(crate) fn header(name: &str, kind: EntryType, size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// A header and its content, to the end of a block.
pub(crate) fn member(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut bytes = [&header(name, kind, content.len() as u64), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str) -> Vec<u8> {
    let mut numbers = Numbers(21);
    let records: Vec<u8> = (0..4)
        .flat_map(|label| [vec![label], numbers.bytes(35)].concat())
        .collect();
    member(name, EntryType::Regular, &records)
}

pub(crate) fn packed(parts: &[Vec<u8>]) -> Vec<u8> {
    gzip(&[&parts.concat()[..], &[0; 1024]].concat())
}

fn read(bytes: &[u8]) -> Result<[Samples; 2], Error> {
    parse(
        bytes,
        Path::new("set.tar.gz"),
        &FILES_OF_SET,
        &LAYOUT,
        LIMIT as u64,
    )
}

fn refusal(parts: &[Vec<u8>]) -> String {
    let (result, usage) = measure(|| read(&packed(parts)).unwrap_err().to_string());
    assert!(usage.peak < MIB, "{result}: {usage:?}");
    result.strip_prefix("set.tar.gz: ").unwrap().to_owned()
}

#[test]
fn a_good_archive_is_read_whatever_else_is_in_it() {
    let folder = member("set/", EntryType::Directory, &[]);
    let long_name = member("././@LongLink", EntryType::GNULongName, b"set/b.bin\0");
    let pax = member("PaxHeader", EntryType::XHeader, b"20 path=../../a.bin\n");
    let parts = [
        folder,
        file("set/b.bin"),
        file("../a.bin"),
        file("/set/a.bin"),
        pax,
        file("set/a.bin"),
        long_name,
        file("other"),
    ];
    let [train, test] = read(&packed(&parts)).unwrap();
    assert_eq!(
        (train.labels(), test.labels()),
        (&[0, 1, 2, 3][..], &[0, 1, 2, 3][..])
    );
}

#[test]
fn names_that_lead_elsewhere_are_not_the_wanted_ones() {
    for name in [
        "/set/a.bin",
        "../set/a.bin",
        "set/../set/a.bin",
        "./set/a.bin",
        "set//a.bin",
        "set\\a.bin",
        "SET/a.bin",
        "a.bin",
    ] {
        let expected =
            "missing from the archive: `set/a.bin`, expected each of them once as a regular file";
        assert_eq!(
            refusal(&[file(name), file("set/b.bin")]),
            expected,
            "{name}"
        );
    }
    // Names given by other entries do not count.
    let long_name = member("././@LongLink", EntryType::GNULongName, b"set/a.bin\0");
    assert!(
        refusal(&[long_name, file("x"), file("set/b.bin")])
            .starts_with("missing from the archive: `set/a.bin`, ")
    );
    let pax = member("PaxHeader", EntryType::XHeader, b"18 path=set/a.bin\n");
    assert!(
        refusal(&[pax, file("x"), file("set/b.bin")])
            .starts_with("missing from the archive: `set/a.bin`, ")
    );
    assert!(refusal(&[]).starts_with("missing from the archive: `set/a.bin`, `set/b.bin`, "));
}

#[test]
fn a_wanted_name_must_be_a_regular_file() {
    let kinds = [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Directory, "a folder"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::XHeader, "something else"),
    ];
    for (kind, name) in kinds {
        let expected = format!("entry `set/a.bin` is {name}, expected a regular file");
        assert_eq!(
            refusal(&[member("set/a.bin", kind, &[]), file("set/b.bin")]),
            expected
        );
    }
}

#[test]
fn a_wanted_name_must_be_there_once() {
    let expected = "entry `set/a.bin` occurs twice, expected once";
    assert_eq!(
        refusal(&[file("set/a.bin"), file("set/a.bin"), file("set/b.bin")]),
        expected
    );
}

#[test]
fn a_lying_size_is_refused_before_memory_is_reserved() {
    for name in ["set/a.bin", "other"] {
        // In octal and, beyond 8 GiB, in binary.
        for size in [8_000_000_028, (1 << 33) + 28, u64::MAX] {
            let text = refusal(&[header(name, EntryType::Regular, size), file("set/b.bin")]);
            let is_refused = text.starts_with(&format!(
                "entry `{name}` declares {size} bytes, expected at most "
            ));
            assert!(
                is_refused
                    || size == u64::MAX
                        && text.starts_with(
                            "archive is truncated or corrupted after 512 unpacked bytes"
                        ),
                "{text}"
            );
        }
    }
    let text = refusal(&[header("set/a.bin", EntryType::Regular, 360), vec![0; 100]]);
    assert!(
        text.starts_with("missing from the archive: `set/b.bin`")
            || text.starts_with("archive is truncated or corrupted"),
        "{text}"
    );
    for (size, content) in [(0, 0), (35, 512), (37, 512)] {
        let parts = [
            header("set/a.bin", EntryType::Regular, size),
            vec![0; content],
        ];
        let error = read(&packed(&parts)).unwrap_err();
        assert!(
            matches!(error, Error::PartialRecord { found, record: 36, .. } if found == size),
            "{error}"
        );
    }
}

#[test]
fn a_label_that_is_no_class_is_refused_naming_the_member() {
    let error = read(&packed(&[
        member("set/a.bin", EntryType::Regular, &[10; 36]),
        file("set/b.bin"),
    ]))
    .unwrap_err();
    let Error::FileLabel {
        path, found: 10, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(path, &Path::new("set.tar.gz").join("set/a.bin"));
}

#[test]
fn ten_thousand_entries_are_read_and_one_more_is_not() {
    let parts = |others: usize| {
        let mut parts = vec![file("set/a.bin"), file("set/b.bin")];
        parts.extend((0..others).map(|_| header("other", EntryType::Regular, 0)));
        packed(&parts)
    };
    let read = |bytes: &[u8]| {
        parse(
            bytes,
            Path::new("many.tar.gz"),
            &FILES_OF_SET,
            &LAYOUT,
            8 * MIB as u64,
        )
    };
    read(&parts(MAX_ENTRIES - 2)).unwrap();
    let more = parts(MAX_ENTRIES - 1);
    let text = refused_soon(|| read(&more), 2 * MIB).to_string();
    assert_eq!(
        text,
        "many.tar.gz: archive has more than 10000 entries, expected at most 10000"
    );
}

/// An archive of a million entries that nobody asks for.
pub(crate) fn million() -> Vec<u8> {
    let packed = blocks(&header("other", EntryType::Regular, 0).repeat(1000));
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for _ in 0..1000 {
        file.extend_from_slice(&packed);
    }
    file.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file
}

#[test]
fn a_million_entries_are_refused_in_a_second_and_little_memory() {
    let file = million();
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        let limit = 1 << 30;
        let (result, usage) = measure(|| {
            parse(
                &file,
                Path::new("million.tar.gz"),
                &FILES_OF_SET,
                &LAYOUT,
                limit,
            )
        });
        let error = result.unwrap_err();
        assert!(
            matches!(error, Error::TooManyEntries { limit: 10_000, .. }),
            "{error}"
        );
        assert!(usage.peak <= 2 * MIB, "{usage:?}");
        fastest = fastest.min(begin.elapsed());
        // Twice more only on a machine that is busy with something else.
        if fastest < Duration::from_secs(1) {
            return;
        }
    }
    panic!("refused after {fastest:?}");
}

#[test]
fn what_follows_the_stream_or_is_none_is_refused() {
    let good = packed(&[file("set/a.bin"), file("set/b.bin")]);
    let longer = [&good[..], &[0]].concat();
    let error = refused_soon(|| read(&longer), 2 * MIB);
    assert!(matches!(error, Error::GzipTrailing { .. }), "{error}");
    for bytes in [&b""[..], b"<html>", b"PK\x03\x04", &[0; 2048]] {
        let error = read(bytes).unwrap_err();
        assert!(
            matches!(error, Error::ArchiveDamaged { found: 0, .. }),
            "{error}"
        );
    }
    let twice = gzip(&good);
    let error = refused_soon(|| read(&twice), 2 * MIB);
    assert!(matches!(error, Error::ArchiveDamaged { .. }), "{error}");
}

#[test]
fn every_prefix_is_refused() {
    let good = packed(&[
        file("set/a.bin"),
        member("other", EntryType::Regular, &Numbers(5).bytes(4000)),
        file("set/b.bin"),
    ]);
    assert!(good.len() >= 4096, "{} bytes", good.len());
    read(&good).unwrap();
    for length in 0..good.len() {
        let error = read(&good[..length]).unwrap_err();
        assert!(
            matches!(
                error,
                Error::ArchiveDamaged { .. } | Error::MemberTooLarge { .. }
            ),
            "{length}: {error}"
        );
    }
}

/// 10 GiB of zeros behind `start`, as gzip.
fn bomb(start: &[u8]) -> Vec<u8> {
    let zeros = blocks(&vec![0; 64 * MIB]);
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(blocks(start));
    for _ in 0..160 {
        file.extend_from_slice(&zeros);
    }
    file.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file
}

#[test]
fn ten_megabytes_that_become_ten_gigabytes_are_refused_at_the_limit() {
    let complete = [file("set/a.bin"), file("set/b.bin")].concat();
    let lying = [
        complete.clone(),
        header("other", EntryType::Regular, 10 << 30),
    ]
    .concat();
    let honest = header("set/a.bin", EntryType::Regular, 36 * 20_000);
    for (start, is_over) in [(complete, true), (lying, false), (honest, false)] {
        let file = bomb(&start);
        let error = refused_soon(|| read(&file), 2 * MIB);
        let is_expected = if is_over {
            matches!(error, Error::ArchiveTooLarge { .. })
        } else {
            matches!(
                error,
                Error::MemberTooLarge { .. } | Error::MissingMembers { .. }
            )
        };
        assert!(is_expected, "{error}");
    }
}

/// Writes the right checksum into every header that still stands on a block.
fn repair_checksums(tar: &mut [u8]) {
    for block in tar.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

#[test]
fn mutated_archives_do_no_harm() {
    let plain = [
        file("set/a.bin"),
        file("readme"),
        file("set/b.bin"),
        vec![0; 1024],
    ]
    .concat();
    let whole = gzip(&plain);
    let make = |numbers: &mut Numbers| match numbers.below(3) {
        0 => mutate(&whole, numbers),
        1 => gzip(&mutate(&plain, numbers)),
        // Wrong checksums would hide all that comes after them.
        _ => {
            let mut tar = mutate(&plain, numbers);
            repair_checksums(&mut tar);
            gzip(&tar)
        }
    };
    let accepted = run("archive", 22, &make, &|file| match read(file) {
        Ok(sets) => {
            assert!(
                sets.iter()
                    .all(|set| !set.is_empty() && set.labels().iter().all(|&label| label < 10))
            );
            true
        }
        Err(_) => false,
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "archive: {accepted} of {FILES} accepted"
    );
}
