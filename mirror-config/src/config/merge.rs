//! Layers, weakest first, merged into one value.

use config::{Config as Merged, Value};

use super::layer::Layer;
use crate::errors::{Failure, Kind};

pub(super) fn merge(layers: &[Layer]) -> Result<Value, Failure> {
    let mut builder = Merged::builder();
    for layer in layers {
        builder = builder.add_source(layer.clone());
    }
    let merged = builder.build().map_err(|error| Failure::new(Kind::Config, error.to_string()))?;
    Ok(merged.cache)
}
