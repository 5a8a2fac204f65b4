//! By which kind of addresses connections go, where somebody wants one of them alone (`git clone -4`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A kind of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// What git calls it (`option family` in git's `remote-curl.c`); both, and anything else, is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ipv4" => Some(Self::V4),
            "ipv6" => Some(Self::V6),
            _ => None,
        }
    }

    /// Where a connection begins, so that it can only go by these: any address of this machine's.
    pub fn begins_at(self) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Self::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}
