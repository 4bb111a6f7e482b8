//! A first run: BDNN-dsd beside plain gradient descent, on 1,200 handwritten digits.
//!
//! ```sh
//! cargo run --release --example 01_first_run
//! ```

use spinet::TrainConfig;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = spinet::load("mnist-1200")?;
    let config = TrainConfig::new().hidden([10]).epochs(50);

    let plain = config.clone().fit(&data)?;
    let bounded = config.rule("bdnn-dsd")?.fit(&data)?;

    println!("gradient descent: {}", plain.evaluate(&data.test)?);
    println!("BDNN-dsd:         {}", bounded.evaluate(&data.test)?);
    Ok(())
}
