//! Regularisers against `oracle/regularisers.py`: penalties differentiated by autograd, norms
//! limited, in `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "the chain alone is for tests of saved state")]
mod driven;

use driven::{Constants, assert_agrees};

#[test]
fn every_regulariser_agrees_with_its_oracle() {
    let constants: Constants =
        serde_json::from_str(include_str!("oracle/regularisers.json")).unwrap();
    // Five cases, four states each.
    assert_eq!(assert_agrees::<f64>(&constants, 1e-12), 5 * 4);
    assert_eq!(assert_agrees::<f32>(&constants, 3e-5), 5 * 4);
}
