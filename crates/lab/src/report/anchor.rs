//! Names that links lead to: the same for the same record, whatever stands beside it.

/// Names that the page itself uses.
const TAKEN: [&str; 4] = ["top", "main", "contents", "overview"];

/// One anchor for each title, without any twice: small letters, digits and `-`, so that parts can
/// follow after a dot.
pub(super) fn anchors<'a>(titles: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for title in titles {
        let plain = slug(title);
        let mut anchor = plain.clone();
        let mut count = 1;
        while TAKEN.contains(&anchor.as_str()) || anchors.contains(&anchor) {
            count += 1;
            anchor = format!("{plain}-{count}");
        }
        anchors.push(anchor);
    }
    anchors
}

/// Runs of other characters become one `-`; `record` if nothing is left.
pub(super) fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "record".to_owned()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_plain_and_there_is_none_twice() {
        let found = anchors(
            [
                "tables-3-4",
                "L2/tables 3_4",
                "main",
                "l2-tables-3-4",
                "\"><",
                "é",
            ]
            .into_iter(),
        );
        assert_eq!(
            found,
            [
                "tables-3-4",
                "l2-tables-3-4",
                "main-2",
                "l2-tables-3-4-2",
                "record",
                "record-2"
            ]
        );
    }
}
