//! A table of your own: train on a CSV file, save the model, classify new rows.
//!
//! ```sh
//! cargo run --release --example 02_own_table
//! ```
//!
//! `wood.csv` has two columns of numbers and the label `wood`; `wood-new.csv` has new rows without
//! labels.

use std::path::Path;

use spinet::{Model, Source, TrainConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The folder of this file; your own program would name its data folder.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = TrainConfig::new()
        .data("wood.csv")
        .label("wood")
        .test_part(0.2) // stratified by class
        .hidden([20])
        .batch_size(16)
        .epochs(200)
        .rule("bdnn-dsd")?;
    let data = config.load(&Source {
        data_dir: Some(folder.to_owned()),
        ..Source::default()
    })?;
    println!(
        "{} training and {} test rows",
        data.train.len(),
        data.test.len()
    );

    let model = config.fit(&data)?;
    println!("{}", model.evaluate(&data.test)?);

    // The model keeps class names and the standardization of the columns.
    let path = std::env::temp_dir().join("wood.safetensors");
    model.save(&path)?;
    let model = Model::read(&path)?;
    let rows = model.read_table(&folder.join("wood-new.csv"), None)?;
    println!("new rows: {}", model.predict(rows.values())?.join(", "));
    Ok(())
}
