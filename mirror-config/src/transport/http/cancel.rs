//! A switch that ends requests early.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends requests early: clones share one switch, and whoever waits for an answer wakes up with `Fault::Canceled`.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Cancel {
    /// A switch that nobody has thrown yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Throws it, for good.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was thrown.
    pub fn is_canceled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is thrown.
    pub(super) async fn canceled(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|thrown| *thrown).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
