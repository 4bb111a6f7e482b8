//! Hostile archives are read under a trace of system calls: nothing is made, and nothing that they
//! name is opened (A8).

use std::fs;
use std::path::Path;
use std::process::Command;

use spinet_data::{Source, load};
use tar::EntryType;

use super::archives::{header, member, million, packed};
use super::gzip;

/// Says where the archives are in the process that is traced.
const TRACED: &str = "SPINET_TRACED_ARCHIVES";
const SET: &str = "cifar-10-batches-bin";

/// A member whose link leads to `target`.
fn link(name: &str, kind: EntryType, target: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// Every archive that could lead somewhere, with the names that must not be touched.
fn archives(root: &Path) -> Vec<Vec<u8>> {
    let evil = root.join("evil").display().to_string();
    let record = [vec![1_u8], vec![7; 3072]].concat();
    let wanted = |file: &str| format!("{SET}/{file}");
    let good: Vec<Vec<u8>> = (1..=5)
        .map(|number| {
            member(
                &wanted(&format!("data_batch_{number}.bin")),
                EntryType::Regular,
                &record,
            )
        })
        .chain([member(
            &wanted("test_batch.bin"),
            EntryType::Regular,
            &record,
        )])
        .collect();
    let with = |part: Vec<u8>| packed(&[good.clone(), vec![part]].concat());
    let instead = |part: Vec<u8>| packed(&[vec![part], good[1..].to_vec()].concat());
    let first = wanted("data_batch_1.bin");
    vec![
        packed(&good),
        with(member(&evil, EntryType::Regular, b"content")),
        with(member("../evil", EntryType::Regular, b"content")),
        with(member("a/../../evil", EntryType::Regular, b"content")),
        with(link("evil-link", EntryType::Symlink, &evil)),
        with(link("evil-link", EntryType::Link, "/etc/passwd")),
        with(header("evil-device", EntryType::Char, 0)),
        with(header("evil-pipe", EntryType::Fifo, 0)),
        with(member(&first, EntryType::Regular, &record)),
        with(header("evil-large", EntryType::Regular, 8 << 30)),
        instead(link(&first, EntryType::Symlink, &evil)),
        instead(link(&first, EntryType::Link, "/etc/passwd")),
        instead(header(&first, EntryType::Block, 0)),
        gzip(&packed(&good)),
        million(),
    ]
}

/// What the traced process does: it reads every archive, and tells how many were taken.
fn read_all(root: &Path) {
    let mut accepted = 0;
    for number in 0.. {
        let data_dir = root.join(number.to_string());
        if !data_dir.exists() {
            break;
        }
        accepted += usize::from(
            load(
                "cifar-10",
                &Source {
                    data_dir: Some(data_dir),
                    allow_unverified: true,
                },
            )
            .is_ok(),
        );
    }
    // The good one, and those with entries that nobody asks for; not twice the same, not too large,
    // no link, no gzip in gzip, not a million.
    assert_eq!(accepted, 8, "archives that are taken");
}

#[test]
fn archives_create_nothing_and_open_nothing_but_themselves() {
    if let Some(root) = std::env::var_os(TRACED) {
        return read_all(Path::new(&root));
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (number, archive) in archives(root).iter().enumerate() {
        let folder = root.join(number.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("cifar-10-binary.tar.gz"), archive).unwrap();
    }
    let log = root.join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=%file,mknod,mknodat", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "traced::archives_create_nothing_and_open_nothing_but_themselves",
            "--test-threads",
            "1",
        ])
        .env(TRACED, root)
        .output();
    let Ok(output) = traced
        .map_err(|_| ())
        .and_then(|output| if log.exists() { Ok(output) } else { Err(()) })
    else {
        println!("skipped: no strace on this machine, or nobody may trace");
        return;
    };
    let trace = fs::read_to_string(&log).unwrap();
    if trace.is_empty() {
        println!("skipped: this system lets nobody trace");
        return;
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let own = root.display().to_string();
    let mut opened = 0;
    for line in trace.lines() {
        let writes = [
            "O_CREAT", "O_WRONLY", "O_RDWR", "mkdir", "symlink", "link(", "linkat", "rename",
            "unlink", "mknod", "chmod", "chown",
        ];
        let is_writing = writes.iter().any(|word| line.contains(word))
            && !line.contains("readlink")
            && !line.contains("/dev/null");
        assert!(!is_writing, "{line}");
        assert!(
            !line.contains("evil") && !line.contains("/etc/passwd"),
            "{line}"
        );
        if line.contains(&own) && line.contains("open") && !line.contains("ENOENT") {
            assert!(
                line.contains("cifar-10-binary.tar.gz") || line.contains("O_DIRECTORY"),
                "{line}"
            );
            opened += usize::from(line.contains("cifar-10-binary.tar.gz"));
        }
    }
    assert!(
        opened >= 15,
        "every archive was opened under the trace: {opened}"
    );
}
