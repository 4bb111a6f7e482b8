//! The seal of a record: its last value is the SHA-256 of all text before it, so that a number that
//! was changed later is noticed.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use spinet_data::sha256_hex;

use crate::Error;

/// What stands between the text and its digest.
const KEY: &str = ",\n\"sha256\": \"";
/// What comes after the digest.
const END: &str = "\"}\n";

/// The text of a record with its digest, given the JSON object without it.
pub(crate) fn sealed(object: &str) -> String {
    let text = object.trim_end();
    let text = text.strip_suffix('}').unwrap_or(text);
    format!("{text}{KEY}{}{END}", sha256_hex(text.as_bytes()))
}

/// Whether a record carries a digest; records of versions that wrote none do not.
#[allow(
    clippy::zero_sized_map_values,
    reason = "a set would be read from a list"
)]
pub fn is_sealed(record: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(record)
        .is_ok_and(|values| values.contains_key("sha256"))
}

/// Whether the last value of a record is the digest of something, under whatever name.
fn ends_in_a_digest(record: &str) -> bool {
    let value = record
        .trim_end()
        .strip_suffix("\"}")
        .and_then(|before| before.rsplit_once('"'));
    value.is_some_and(|(_, value)| {
        value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Refuses a record that is not as it was written.
pub(crate) fn check(record: &str) -> Result<(), Error> {
    let parts = record
        .rsplit_once(KEY)
        .and_then(|(text, rest)| Some((text, rest.strip_suffix(END)?)));
    let message = match parts {
        Some((text, expected)) => {
            let found = sha256_hex(text.as_bytes());
            if found == expected {
                return Ok(());
            }
            format!("its text has SHA-256 {found}, but it says {expected}")
        }
        None if is_sealed(record) => "its digest is not at its end".to_owned(),
        None if ends_in_a_digest(record) => "its digest has lost its name".to_owned(),
        None => return Ok(()),
    };
    Err(Error::Changed { message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_rearranged_record_is_refused_and_one_without_a_digest_is_not() {
        let text = sealed("{\"rows\": [\n1.25\n],\n\"definition\": {\"a\": {}}}\n");
        assert!(
            text.ends_with("\"}\n") && text.contains("{\"a\": {}},\n\"sha256\": \""),
            "{text}"
        );
        check(&text).unwrap();
        assert!(is_sealed(&text));
        let changed = text.replace("1.25", "1.35");
        assert!(
            check(&changed)
                .unwrap_err()
                .to_string()
                .starts_with("changed after it was written: its text has SHA-256 ")
        );
        for rearranged in [
            text.replace(",\n\"sha256\"", ", \"sha256\""),
            text.trim_end().to_owned(),
            text.replace('\n', "\r\n"),
        ] {
            assert_eq!(
                check(&rearranged).unwrap_err().to_string(),
                "changed after it was written: its digest is not at its end"
            );
        }
        let changed = text.replace("1.25", "1.35");
        assert_eq!(
            check(&changed.replace("sha256", "sha255"))
                .unwrap_err()
                .to_string(),
            "changed after it was written: its digest has lost its name"
        );
        let (without, _) = changed.rsplit_once(KEY).unwrap();
        for other in [
            format!("{without}{KEY}{END}"),
            format!("{without},\n\"sha256\": null}}\n"),
            format!("{without},\n\"sha256\":0,\"sha256\":1}}\n"),
        ] {
            assert!(is_sealed(&other) && check(&other).is_err(), "{other}");
        }
        let before = "{\"rows\": [\n1.25\n]}\n";
        check(before).unwrap();
        assert!(!is_sealed(before));
    }

    /// Whatever documents and reports are made from.
    #[test]
    fn every_stored_record_is_sealed() {
        let mut folders =
            vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results")];
        let mut sealed = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path
                    .extension()
                    .is_some_and(|extension| extension == "json")
                {
                    let text = std::fs::read_to_string(&path).unwrap();
                    match crate::AnyRecord::parse(&text) {
                        Err(Error::AnotherKind) => continue,
                        result => drop(
                            result.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
                        ),
                    }
                    assert!(is_sealed(&text), "{}", path.display());
                    sealed += 1;
                }
            }
        }
        assert!(sealed > 20, "{sealed} records");
    }
}
