//! The training loop in your own hands: look at every evaluation, stop when you want, keep the
//! model.
//!
//! ```sh
//! cargo run --release --example 03_training_loop
//! ```

use spinet::{Advance, Model, Threads, TrainConfig, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = spinet::load("mnist-1200")?;
    let config = TrainConfig::new()
        .hidden([20])
        .epochs(60)
        .rule("bdnn-dsd:threshold=5")?
        .rule("momentum:momentum=0.5")?;
    let mut trainer = Trainer::new(&config, &data, Threads::all()?)?;

    // Each call makes one step, or an evaluation where one is due.
    loop {
        match trainer.advance()? {
            Advance::Stepped => {}
            Advance::Finished => break,
            Advance::Evaluated => {
                let Some(now) = trainer.curve().last() else {
                    continue;
                };
                if now.epoch.is_multiple_of(10) {
                    let spines = &now.rules.get("bdnn-dsd");
                    let grew = spines.and_then(|counts| counts.get("grew")).unwrap_or(&0);
                    println!(
                        "epoch {:2}: test loss {:.3}, accuracy {:.1} %, {grew} bounds grew",
                        now.epoch,
                        now.test_loss,
                        100.0 * now.score()
                    );
                }
            }
        }
    }
    println!("{}", Model::of(&trainer, &data).evaluate(&data.test)?);
    Ok(())
}
