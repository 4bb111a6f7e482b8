//! Files made to hurt: lying headers, cut files, mutated files and compression bombs, with every
//! allocation counted.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]

mod archives;
mod bombs;
mod cut_files;
mod lying_headers;
mod mutations;
mod tables;
mod traced;

use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use spinet_data::idx::{self, Limits};
use spinet_testing::memory;
use spinet_testing::mutate::{MIB, Numbers};
use spinet_testing::sound::{check_images, check_labels};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// An idx file with any header and any content.
fn idx_file(element_type: u8, dimension_count: u8, dimensions: &[u32], content: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, element_type, dimension_count];
    file.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    file.extend_from_slice(content);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Images,
    Labels,
}

impl Kind {
    /// Reads bytes in memory, and checks that what is accepted agrees with itself.
    fn accepts(self, bytes: &[u8], limits: &Limits) -> Result<(), spinet_data::Error> {
        let path = Path::new("hostile");
        match self {
            Self::Images => {
                check_images(&idx::parse_images(bytes, path, limits)?, limits.max_bytes);
            }
            Self::Labels => {
                check_labels(
                    &idx::parse_labels(bytes, path, 10, limits)?,
                    limits.max_bytes,
                );
            }
        }
        Ok(())
    }
}
