//! The time and memory that a table takes: `cargo run --release -p spinet-data --example read_table
//! FILE`.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use std::time::Instant;

use spinet_data::{Source, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args()
        .nth(1)
        .ok_or("expected the path of a table")?;
    let started = Instant::now();
    let data = load(&name, &Source::default())?;
    let seconds = started.elapsed().as_secs_f64();
    let numbers = (data.train.len() + data.test.len()) * data.train.features();
    println!("{numbers} numbers read and standardized in {seconds:.2} s");
    // Linux tells the largest memory of a process.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:")) {
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap_or("0").parse()?;
        let table = 4.0 * numbers as f64 / 1024.0;
        println!(
            "peak memory {:.1} MB, {:.2} times the f32 table",
            kilobytes / 1024.0,
            kilobytes / table
        );
    }
    Ok(())
}
