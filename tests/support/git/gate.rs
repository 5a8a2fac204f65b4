//! What a server shows only to requests that have a header: a ref, or anything at all.

use crate::wire::{Fault, Request};

/// A header that opens something.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// The header's name, in any case.
    pub(crate) header: String,
    /// What is in its value.
    pub(crate) value: String,
    /// The ref that is shown to those who have it; without one nothing is shown to others.
    pub(crate) reference: Option<String>,
}

impl Gate {
    fn opens(&self, request: &Request) -> bool {
        request.header(&self.header).is_some_and(|value| value.contains(&self.value))
    }

    /// Whether nothing is shown.
    pub(crate) fn is_shut(&self, request: &Request) -> bool {
        self.reference.is_none() && !self.opens(request)
    }

    /// What is said to whom nothing is shown.
    pub(crate) fn refusal(&self) -> Fault {
        match self.header.as_str() {
            "Proxy-Authorization" => {
                let asks = ("Proxy-Authenticate".to_owned(), "Basic realm=\"a proxy\"".to_owned());
                Fault::Status { code: 407, headers: vec![asks], body: Vec::new() }
            }
            _ => Fault::status(403),
        }
    }

    /// The ref that is not shown.
    pub(crate) fn hides(&self, request: &Request) -> Option<String> {
        self.reference.clone().filter(|_| !self.opens(request))
    }
}
