//! Downloads, from a small server on this machine: good files, wrong ones, cut ones, endless ones,
//! and no server at all.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]

mod tiny;

use std::error::Error as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use spinet_data::{DatasetEntry, Error, FetchProgress, FetchedFile, Source, fetch, load_entry};
use tiny::{Tiny, sha256, tiny};

/// The bytes of a whole answer to a request for a path.
type Answer = dyn Fn(&str) -> Vec<u8> + Send + Sync;

/// A server that answers until the test ends, and the paths it was asked for.
struct Server {
    address: &'static str,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: Box<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap()).leak();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let connection = connection.unwrap();
                let path = request_path(&connection);
                seen.lock().unwrap().push(path.clone());
                // The client may close first, for example when an answer is too long.
                let _ = (&connection).write_all(&answer(&path));
            }
        });
        Self { address, requests }
    }

    fn request_count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn request_path(connection: &TcpStream) -> String {
    let mut lines = BufReader::new(connection).lines().map(|line| line.unwrap());
    let first = lines.next().unwrap();
    lines.find(String::is_empty).unwrap();
    first
        .split(' ')
        .nth(1)
        .unwrap()
        .trim_start_matches('/')
        .to_owned()
}

fn answer(status: &str, length: Option<usize>, body: &[u8]) -> Vec<u8> {
    let length = length
        .map(|length| format!("Content-Length: {length}\r\n"))
        .unwrap_or_default();
    [
        format!("HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

fn good(bytes: &[u8]) -> Vec<u8> {
    answer("200 OK", Some(bytes.len()), bytes)
}

/// Serves the files of `set`, except that `change` may answer differently for the first one.
fn serve(set: &Tiny, change: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Server {
    let files: Vec<_> = set
        .files
        .iter()
        .zip(&set.gz)
        .map(|(file, bytes)| (file.gz_name(), bytes.clone()))
        .collect();
    Server::start(Box::new(move |path| {
        match files.iter().position(|(name, _)| name == path) {
            Some(0) => change(&files[0].1),
            Some(number) => good(&files[number].1),
            None => answer("404 Not Found", Some(0), b""),
        }
    }))
}

fn with_addresses(set: &Tiny, addresses: &[&'static str]) -> DatasetEntry {
    DatasetEntry {
        addresses: addresses.to_vec().leak(),
        ..set.entry
    }
}

fn fetch_quietly(entry: &DatasetEntry, data_dir: &Path) -> Result<Vec<FetchedFile>, Error> {
    fetch(entry, data_dir, &mut |_| {})
}

/// Everything below `folder`.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Fetches from a server that answers `change` for the first file; nothing may be left of it.
fn refused(change: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> (Error, String) {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, change);
    let error = fetch_quietly(&with_addresses(&set, &[server.address]), folder.path()).unwrap_err();
    assert_eq!(names(&folder.path().join("tiny")), [""; 0], "{error}");
    let text = error.to_string().replace(server.address, "ADDRESS/");
    (error, text)
}

#[test]
fn fetched_files_are_complete_and_load_verified() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let entry = with_addresses(&set, &[server.address]);
    let mut seen = Vec::new();
    let fetched = fetch(
        &entry,
        folder.path(),
        &mut |FetchProgress {
                  file,
                  received,
                  total,
              }| seen.push((file.to_owned(), received, total)),
    )
    .unwrap();
    assert!(
        fetched
            .iter()
            .all(|file| file.is_new && file.path == folder.path().join("tiny").join(&file.file))
    );
    for (number, file) in set.files.iter().enumerate() {
        assert_eq!(fs::read(&fetched[number].path).unwrap(), set.gz[number]);
        let of_file: Vec<_> = seen
            .iter()
            .filter(|(name, ..)| *name == file.gz_name())
            .collect();
        assert_eq!(
            (of_file[0].1, of_file[of_file.len() - 1].1),
            (0, file.gz.bytes)
        );
        assert!(
            of_file.is_sorted_by(|a, b| a.1 <= b.1)
                && of_file.iter().all(|(_, _, total)| *total == file.gz.bytes)
        );
    }
    assert_eq!(
        names(&folder.path().join("tiny")).len(),
        4,
        "no temporary file is left"
    );
    let source = Source {
        data_dir: Some(folder.path().to_owned()),
        allow_unverified: false,
    };
    assert!(load_entry(&entry, &source).unwrap().is_verified);
}

#[test]
fn files_that_are_there_and_verify_are_not_fetched_again() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let entry = with_addresses(&set, &[server.address]);
    set.write_gz(&folder.path().join("tiny"));
    let fetched = fetch_quietly(&entry, folder.path()).unwrap();
    assert!(fetched.iter().all(|file| !file.is_new));
    assert_eq!(server.request_count(), 0);

    // One is missing, one lies unpacked in another known folder.
    fs::remove_file(folder.path().join("tiny/train-images-idx3-ubyte.gz")).unwrap();
    fs::remove_file(folder.path().join("tiny/t10k-labels-idx1-ubyte.gz")).unwrap();
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), &set.plain[3]).unwrap();
    let fetched = fetch_quietly(&entry, folder.path()).unwrap();
    assert_eq!(
        fetched.iter().map(|file| file.is_new).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    assert_eq!(
        fetched[3].path,
        folder.path().join("t10k-labels-idx1-ubyte")
    );
    assert_eq!(server.request_count(), 1);
}

#[test]
fn a_different_file_of_that_name_is_not_overwritten() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let path = folder.path().join("tiny/train-images-idx3-ubyte.gz");
    fs::create_dir(folder.path().join("tiny")).unwrap();
    fs::write(&path, b"mine").unwrap();
    let text = fetch_quietly(&with_addresses(&set, &[server.address]), folder.path())
        .unwrap_err()
        .to_string();
    let expected = format!(
        "{}: existing file has sha256 {}, expected {}; it is not overwritten\n\nhint: move it away or delete it, then fetch again",
        path.display(),
        sha256(b"mine"),
        set.files[0].gz.sha256
    );
    assert_eq!(text, expected);
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(server.request_count(), 0);
}

#[test]
fn files_of_another_set_in_the_data_folder_are_not_in_the_way() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    fs::write(
        folder.path().join("train-images-idx3-ubyte.gz"),
        b"of another set",
    )
    .unwrap();
    let fetched = fetch_quietly(&with_addresses(&set, &[server.address]), folder.path()).unwrap();
    assert!(fetched.iter().all(|file| file.is_new));
    assert_eq!(
        fs::read(folder.path().join("train-images-idx3-ubyte.gz")).unwrap(),
        b"of another set"
    );
}

#[test]
fn a_download_with_a_wrong_digest_is_not_kept() {
    let wrong = |bytes: &[u8]| {
        let mut wrong = bytes.to_vec();
        wrong[20] ^= 1;
        wrong
    };
    let (_, text) = refused(move |bytes| good(&wrong(bytes)));
    let set = tiny("tiny");
    let (found, expected) = (sha256(&wrong(&set.gz[0])), set.files[0].gz.sha256);
    assert_eq!(
        text,
        format!(
            "ADDRESS/train-images-idx3-ubyte.gz: download has sha256 {found}, expected {expected}; nothing was kept"
        )
    );
}

#[test]
fn a_download_that_ends_early_is_not_kept() {
    let total = tiny("tiny").gz[0].len();
    // The server says so itself, or says nothing about the length.
    for length in [Some(30), None] {
        let (_, text) = refused(move |bytes| answer("200 OK", length, &bytes[..30]));
        assert_eq!(
            text,
            format!("ADDRESS/train-images-idx3-ubyte.gz: download has 30 bytes, expected {total}")
        );
    }
    // The server promises all and hangs up.
    let (error, text) = refused(|bytes| answer("200 OK", Some(bytes.len()), &bytes[..30]));
    assert!(matches!(error, Error::Download { .. }), "{error}");
    assert_eq!(
        text,
        "ADDRESS/train-images-idx3-ubyte.gz: cannot download (is there a network?)"
    );
    assert!(error.source().is_some());
}

#[test]
fn a_download_that_does_not_end_is_cut_off() {
    let total = tiny("tiny").gz[0].len();
    for has_length in [true, false] {
        let (error, text) = refused(move |bytes| {
            let endless = [bytes, &vec![0; 8 << 20]].concat();
            answer("200 OK", has_length.then_some(endless.len()), &endless)
        });
        let Error::DownloadSize { found, .. } = error else {
            panic!("{error}")
        };
        assert!(
            found <= (total + (1 << 17)) as u64,
            "{found} bytes were read"
        );
        assert_eq!(
            text,
            format!(
                "ADDRESS/train-images-idx3-ubyte.gz: download has at least {found} bytes, expected {total}"
            )
        );
    }
}

#[test]
fn an_answer_without_the_file_is_refused_with_its_status() {
    for (status, code) in [
        ("404 Not Found", 404),
        ("503 Service Unavailable", 503),
        ("206 Partial Content", 206),
    ] {
        let (_, text) = refused(move |bytes| answer(status, Some(bytes.len()), bytes));
        assert_eq!(
            text,
            format!(
                "ADDRESS/train-images-idx3-ubyte.gz: server answered with status {code}, expected 200"
            )
        );
    }
}

/// An address where nobody listens.
fn deaf_address() -> &'static str {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap()).leak()
}

#[test]
fn without_a_server_the_error_is_one_sentence_with_the_address() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let address = deaf_address();
    let error = fetch_quietly(&with_addresses(&set, &[address]), folder.path()).unwrap_err();
    let chain = format!("{error}: {}", error.source().unwrap());
    let start =
        format!("{address}train-images-idx3-ubyte.gz: cannot download (is there a network?): ");
    assert!(
        chain.starts_with(&start) && chain.contains("refused") && !chain.contains('\n'),
        "{chain}"
    );
    assert_eq!(names(&folder.path().join("tiny")), [""; 0]);
}

#[test]
fn the_second_address_is_tried_and_the_first_error_is_told() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let (bad, fine) = (serve(&set, |_| good(b"a web page")), serve(&set, good));
    let fetched = fetch_quietly(
        &with_addresses(&set, &[bad.address, deaf_address(), fine.address]),
        folder.path(),
    )
    .unwrap();
    assert!(fetched.iter().all(|file| file.is_new));
    assert_eq!((bad.request_count(), fine.request_count()), (4, 1));

    let other = tempfile::tempdir().unwrap();
    let error = fetch_quietly(
        &with_addresses(&set, &[bad.address, deaf_address()]),
        other.path(),
    )
    .unwrap_err();
    assert!(
        matches!(error, Error::DownloadSize { found: 10, .. }),
        "{error}"
    );
}

#[test]
fn what_was_complete_before_an_error_is_kept() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let files: Vec<_> = set
        .files
        .iter()
        .zip(&set.gz)
        .map(|(file, bytes)| (file.gz_name(), bytes.clone()))
        .collect();
    let server = Server::start(Box::new(move |path| {
        match files.iter().position(|(name, _)| name == path) {
            Some(number) if number < 2 => good(&files[number].1),
            _ => answer("404 Not Found", Some(0), b""),
        }
    }));
    let error = fetch_quietly(&with_addresses(&set, &[server.address]), folder.path()).unwrap_err();
    assert!(
        matches!(error, Error::HttpStatus { found: 404, .. }),
        "{error}"
    );
    assert_eq!(
        names(&folder.path().join("tiny")),
        ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    );
}

#[test]
fn a_temporary_file_of_another_fetch_is_not_touched() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let paths = [0, 1].map(|number| {
        format!(
            "tiny/train-images-idx3-ubyte.gz.{}-{number}.tmp",
            std::process::id()
        )
    });
    fs::create_dir(folder.path().join("tiny")).unwrap();
    for path in &paths {
        fs::write(folder.path().join(path), b"half").unwrap();
    }
    assert_eq!(
        fetch_quietly(&with_addresses(&set, &[server.address]), folder.path())
            .unwrap()
            .len(),
        4
    );
    for path in &paths {
        assert_eq!(fs::read(folder.path().join(path)).unwrap(), b"half");
    }
    assert_eq!(names(&folder.path().join("tiny")).len(), 6);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_replaced() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let path = folder.path().join("tiny/train-images-idx3-ubyte.gz");
    fs::create_dir(folder.path().join("tiny")).unwrap();
    std::os::unix::fs::symlink("a disk that is not there", &path).unwrap();
    let text = fetch_quietly(&with_addresses(&set, &[server.address]), folder.path())
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with(&format!(
            "{}: exists and is not a regular file",
            path.display()
        )),
        "{text}"
    );
    assert!(
        path.is_symlink()
            && names(&folder.path().join("tiny")).len() == 1
            && server.request_count() == 0
    );
}

#[test]
fn files_that_are_removed_while_others_come_are_missed() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    let server = serve(&set, good);
    let entry = with_addresses(&set, &[server.address]);
    let first = folder.path().join("tiny/train-images-idx3-ubyte.gz");
    let error = fetch(&entry, folder.path(), &mut |progress| {
        if progress.file.starts_with("t10k-labels") {
            // It is called several times.
            let _ = fs::remove_file(&first);
        }
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        format!("{}: was downloaded, but no longer exists", first.display())
    );
}

/// Set where this test runs itself under `strace`.
#[cfg(target_os = "linux")]
const TRACED: &str = "SPINET_TRACED_FETCH";

#[cfg(target_os = "linux")]
#[test]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
fn a_download_is_synced_then_renamed_then_its_folder_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(data_dir) = std::env::var_os(TRACED) {
        let set = tiny("tiny");
        let server = serve(&set, good);
        fetch_quietly(
            &with_addresses(&set, &[server.address]),
            Path::new(&data_dir),
        )
        .unwrap();
        return;
    }
    let trace = folder.path().join("trace");
    let mut strace = std::process::Command::new("strace");
    strace
        .args(["-f", "-y", "-e", "trace=execve,fsync,rename", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap());
    strace
        .args([
            "--exact",
            "a_download_is_synced_then_renamed_then_its_folder_is_synced",
        ])
        .env(TRACED, folder.path());
    let is_traced = strace.output().is_ok_and(|output| output.status.success());
    let text = fs::read_to_string(&trace).unwrap_or_default();
    if !is_traced || !text.contains("execve(") {
        println!("skipped: strace is missing or may not be used here");
        return;
    }
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("/tiny")).collect();
    let renames: Vec<usize> = (0..calls.len())
        .filter(|index| calls[*index].contains("rename("))
        .collect();
    assert_eq!(renames.len(), 4, "{text}");
    for index in renames {
        let [before, rename, after] = [index - 1, index, index + 1].map(|index| calls[index]);
        assert!(
            before.contains("fsync(") && before.contains(".tmp>"),
            "{before}\n{rename}"
        );
        assert!(
            after.contains("fsync(") && after.contains("/tiny>"),
            "{rename}\n{after}"
        );
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("file");
    fs::write(&occupied, b"").unwrap();
    let set = tiny("tiny");
    let text = fetch_quietly(&with_addresses(&set, &[deaf_address()]), &occupied)
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        format!("{}: cannot create folder", occupied.join("tiny").display())
    );
}

#[test]
fn a_built_in_set_has_nothing_to_fetch() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        fetch_quietly(spinet_data::find("mnist-1200").unwrap(), folder.path()).unwrap(),
        []
    );
    assert_eq!(names(folder.path()), [""; 0]);
    let text = fetch_quietly(&tiny("tiny").entry, folder.path())
        .unwrap_err()
        .to_string();
    assert_eq!(text, "dataset `tiny` has no download address");
}
