//! Rows of cells as columns of a terminal.

/// Head, a rule and the rows, the first `words` columns to the left and the others to the right.
pub(crate) fn aligned(head: &[String], rows: &[Vec<String>], words: usize) -> String {
    let length = |cell: &str| cell.chars().count();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            rows.iter()
                .map(|row| length(&row[column]))
                .fold(length(&head[column]), usize::max)
        })
        .collect();
    let line = |row: &[String]| {
        let padded = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let space = " ".repeat(width - length(cell));
                if column < words {
                    format!("{cell}{space}")
                } else {
                    format!("{space}{cell}")
                }
            });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rule = "-".repeat((widths.iter().sum::<usize>() + 2 * widths.len()).saturating_sub(2));
    format!(
        "{}{rule}\n{}",
        line(head),
        rows.iter().map(|row| line(row)).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_to_the_left_and_numbers_to_the_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(
            &row(["rule", "number", "n"]),
            &[row(["a longer one", "1", "20"]), row(["b", "", "3"])],
            1,
        );
        assert_eq!(
            text,
            "rule          number   n\n------------------------\na longer one       1  20\nb                      3\n"
        );
    }
}
