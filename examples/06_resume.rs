//! A run that survives an interruption: it is stopped in the middle and resumes from its checkpoint,
//! with the same bits as a run that nothing stopped.
//!
//! ```sh
//! cargo run --release --example 06_resume
//! ```

use spinet::{Advance, Error, Model, RunDirectory, Safety, Threads, TrainConfig, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = spinet::load("mnist-1200")?;
    let config = TrainConfig::new()
        .hidden([10])
        .epochs(20)
        .rule("bdnn-dsd")?;

    // The directory of a run holds its settings, evaluations, checkpoints and, at the end, the model.
    let path = std::env::temp_dir().join(format!("spinet-resume-{}", std::process::id()));
    let directory = RunDirectory::open(&path)?;

    // A wish to stop, here after 8 epochs; the command sets it when you press Ctrl-C.
    let safety = Safety::default();
    let mut trainer = Trainer::new(&config, &data, Threads::all()?)?;
    directory.begin(&mut trainer, &data)?;
    let stopped = directory.run(&mut trainer, &data, &safety, &mut |_, trainer| {
        if trainer.epoch() == 8 {
            safety.stop.request();
        }
    });
    match stopped {
        Err(error @ Error::Interrupted { .. }) => println!("{error}"),
        other => return Err(format!("expected an interruption, found {other:?}").into()),
    }

    // Another process, perhaps tomorrow: the same settings resume.
    let mut trainer = Trainer::new(&config, &data, Threads::all()?)?;
    let start = directory.begin(&mut trainer, &data)?;
    if let Some(checkpoint) = start.from {
        println!("resumes from {}", checkpoint.display());
    }
    let model = directory.run(
        &mut trainer,
        &data,
        &Safety::default(),
        &mut |now, trainer| {
            if now == Advance::Evaluated && trainer.epoch() == 20 {
                println!("epoch 20 is done");
            }
        },
    )?;

    let mut undisturbed = Trainer::new(&config, &data, Threads::all()?)?;
    undisturbed.run(&mut |_| {})?;
    let undisturbed = Model::of(&undisturbed, &data);
    assert_eq!(model.arrays_sha256(), undisturbed.arrays_sha256());
    println!(
        "same bits as without the interruption: {}",
        &model.arrays_sha256()[..12]
    );
    std::fs::remove_dir_all(path)?;
    Ok(())
}
