//! One table: as text for a terminal, as Markdown, and as HTML.

use maud::{Markup, html};

use crate::html::{filled, scroll};

/// What a column holds, which decides how it is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Words that name the row.
    Word,
    /// Numbers.
    Number,
    /// Words of a program, such as a digest.
    Code,
}

/// Rows of cells under a caption.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it is about; without one nothing is printed above the table.
    pub caption: String,
    /// Heading and kind of each column.
    pub columns: Vec<(String, Column)>,
    /// One cell for each column.
    pub rows: Vec<Vec<String>>,
    /// Whether rows with the same first cell belong together.
    pub is_grouped: bool,
}

impl Table {
    /// A table without groups.
    pub fn new<S: Into<String>>(
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = (S, Column)>,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        Self {
            caption: caption.into(),
            columns: columns
                .into_iter()
                .map(|(name, kind)| (name.into(), kind))
                .collect(),
            rows: rows.into_iter().collect(),
            is_grouped: false,
        }
    }

    fn head(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    fn groups(&self) -> impl Iterator<Item = &[Vec<String>]> {
        self.rows
            .chunk_by(|a, b| !self.is_grouped || a.first() == b.first())
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let (head, length) = (self.head(), |cell: &String| cell.chars().count());
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = self
                    .rows
                    .iter()
                    .chain([&head])
                    .map(|row| length(&row[column]));
                cells.max().unwrap_or_default()
            })
            .collect();
        let line = |row: &Vec<String>| {
            let padded =
                row.iter()
                    .zip(&widths)
                    .zip(&self.columns)
                    .map(|((cell, width), column)| {
                        let space = " ".repeat(width - length(cell));
                        if column.1 == Column::Number {
                            space + cell
                        } else {
                            cell.clone() + &space
                        }
                    });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let rule = "-".repeat(widths.iter().map(|width| width + 2).sum::<usize>().max(2) - 2);
        let groups = self
            .groups()
            .map(|group| group.iter().map(line).collect::<String>());
        let body = groups.collect::<Vec<_>>().join("\n");
        let caption = Some(&self.caption).filter(|caption| !caption.is_empty());
        let caption = caption.map_or_else(String::new, |caption| format!("{caption}\n\n"));
        format!("{caption}{}{rule}\n{body}", line(&head))
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let rule = self.columns.iter().map(|(_, kind)| match kind {
            Column::Number => "--:|",
            Column::Word | Column::Code => ":--|",
        });
        format!(
            "**{}**\n\n{}|{}\n{}",
            self.caption,
            line(&self.head()),
            rule.collect::<String>(),
            self.rows.iter().map(line).collect::<String>()
        )
    }

    /// In a box in which it scrolls; the words of row `k` lead to `links[k]`, if there is one.
    pub(crate) fn html(&self, links: &[String]) -> Markup {
        let cell = |(cell, kind): (&String, Column), link: Option<&String>| match kind {
            Column::Word => html! {
                th scope="row" {
                    @if let Some(link) = link { a href={ "#" (link) } { (cell) } }
                    @else { (filled(cell)) }
                }
            },
            Column::Number => html! { td { (filled(cell)) } },
            Column::Code if cell.is_empty() => html! { td.digest { (filled(cell)) } },
            Column::Code => html! { td.digest { code { (cell) } } },
        };
        let mut links = links.iter();
        let table = html! {
            table {
                caption { (self.caption) }
                thead { tr {
                    @for (name, kind) in &self.columns {
                        th scope="col" class=[(*kind == Column::Number).then_some("number")] { (name) }
                    }
                } }
                @for group in self.groups() {
                    tbody {
                        @for row in group {
                            @let link = links.next();
                            tr {
                                @for (text, column) in row.iter().zip(&self.columns) {
                                    (cell((text, column.1), link))
                                }
                            }
                        }
                    }
                }
            }
        };
        scroll(&self.caption, &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_aligned_to_the_left_numbers_to_the_right_and_groups_are_apart() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let columns = [
            ("n", Column::Number),
            ("method", Column::Word),
            ("µ", Column::Number),
        ];
        let rows = [["5", "a", "1 ± 2"], ["5", "b", ""], ["10", "<c>", "3"]].map(row);
        let mut table = Table::new("A & B", columns, rows);
        table.is_grouped = true;
        assert_eq!(
            table.text(),
            "A & B\n\n n  method      µ\n-----------------\n 5  a       1 ± 2\n 5  b\n\n10  <c>         3\n"
        );
        assert_eq!(
            table.markdown(),
            "**A & B**\n\n| n | method | µ |\n|--:|:--|--:|\n| 5 | a | 1 ± 2 |\n| 5 | b |  |\n| 10 | <c> | 3 |\n"
        );
        let html = table.html(&["x".to_owned()]).into_string();
        assert!(html.contains("<caption>A &amp; B</caption>") && html.contains("&lt;c&gt;"));
        assert!(html.contains("<a href=\"#x\">a</a>"), "{html}");
        assert_eq!(html.matches("<tbody>").count(), 2);
    }
}
