//! Writes the files of the built-in `mnist-1200` from the official MNIST files.
//!
//! ```text
//! cargo run --release -p spinet-data --example draw_mnist_1200 -- DATA_DIR OUTPUT_DIR
//! ```
//!
//! `OUTPUT_DIR` must not hold the files yet. The draw is `balanced_draw(labels, 10, 120, "spinet
//! mnist-1200")`; images keep the order of the full set. The gzip header has no name and no time,
//! so the same compressor writes the same bytes.

#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use spinet_data::{Source, balanced_draw, find, idx, load};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_dir, output] = &arguments[..] else {
        return Err("expected two arguments: DATA_DIR OUTPUT_DIR".into());
    };
    let (data_dir, output) = (Path::new(data_dir), Path::new(output));
    let full = load(
        "mnist",
        &Source {
            data_dir: Some(data_dir.to_owned()),
            allow_unverified: false,
        },
    )?;
    let drawn = balanced_draw(
        full.train.labels(),
        full.classes(),
        120,
        "spinet mnist-1200",
    )?;
    let train = full.train.select(&drawn)?;

    let images = idx::encode_images(train.bytes().ok_or("expected bytes")?, train.shape())?;
    let labels = idx::encode_labels(train.labels())?;
    let indices: Vec<String> = drawn.iter().map(usize::to_string).collect();
    write_new(&output.join("train-images-idx3-ubyte.gz"), &gzip(&images)?)?;
    write_new(&output.join("train-labels-idx1-ubyte.gz"), &gzip(&labels)?)?;
    write_new(
        &output.join("indices.txt"),
        format!("{}\n", indices.join("\n")).as_bytes(),
    )?;
    // The test files are the official ones, byte for byte.
    for file in &find("mnist")?.published()[2..] {
        let name = &file.name;
        let places = [data_dir.join("mnist").join(name), data_dir.join(name)];
        let place = places
            .iter()
            .find(|place| place.exists())
            .ok_or("expected the test files as .gz in DATA_DIR or DATA_DIR/mnist")?;
        write_new(&output.join(name), &std::fs::read(place)?)?;
    }
    println!(
        "wrote {} training images to {}",
        train.len(),
        output.display()
    );
    Ok(())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    File::options()
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(bytes)
}
