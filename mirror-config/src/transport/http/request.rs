//! A request, apart from sending it.

use super::{cancel::Cancel, patience::Patience};
use crate::{model::Address, transport::Route};

/// A request, apart from sending it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where to.
    pub address: Address,
    /// Through which proxy.
    pub route: Route,
    /// Headers beside those of the client.
    pub headers: Vec<(&'static str, String)>,
    /// A body makes it a POST.
    pub body: Option<Vec<u8>>,
    /// How long to wait.
    pub patience: Patience,
    /// What ends it early.
    pub cancel: Cancel,
    /// Who is asked, for messages.
    pub who: String,
    /// Whether answers that come at the same time have a connection each.
    pub apart: bool,
}

impl Request {
    /// A GET.
    pub fn get(address: Address, route: &Route, patience: Patience) -> Self {
        let who = address.expose().host_str().unwrap_or_default().to_owned();
        let (route, headers, body, cancel) = (route.clone(), Vec::new(), None, Cancel::new());
        Self { address, route, headers, body, patience, cancel, who, apart: false }
    }

    /// The same as a POST of this.
    pub fn post(self, body: Vec<u8>) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, to somebody with a name.
    pub fn to(self, who: &str) -> Self {
        Self { who: who.to_owned(), ..self }
    }

    /// The same, for much: on a connection of its own while it lasts (so in HTTP/1.1). What shares one, as HTTP/2 has it, has the
    /// pace of one: with loss that is far less than the line's.
    pub fn apart(self) -> Self {
        Self { apart: true, ..self }
    }

    /// The same, ended early by this.
    pub fn until(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }
}
