//! What to do with a fetch. Pure: git's request and a few facts in, one of three ways out; `cuts` and `schedule` plan
//! how its history comes in slices from several mirrors.

use crate::git::Request;

/// What decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// A mirror may be asked.
    pub mirrors: bool,
    /// Upstream can be asked.
    pub upstream: bool,
    /// It answers without credentials, so that we can ask it for slices as well.
    pub public: bool,
    /// The store has all of it already.
    pub here: bool,
    /// There is a store to land in.
    pub store: bool,
    /// Objects are to be checked or marked on their way in, which only git itself does.
    pub only_git_takes_in: bool,
}

/// The ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The bulk lands in the store, from mirrors and from upstream; nothing that arrived is ever fetched again.
    Bulk,
    /// A mirror answers in upstream's place, and another one if it fails.
    Pass,
    /// Only the authority's answer will do.
    Authority,
}

/// Decides.
pub fn plan(request: &Request, facts: Facts) -> Plan {
    // What is common decides what is pushed: a mirror may know commits that upstream has not got, and nobody stands in for it.
    if request.only_negotiates() {
        return Plan::Authority;
    }
    // The value of a ref, and the edge of a shallow history, are small facts: not for a mirror to say. The edge of a
    // first shallow clone is the exception, since it follows from the depth and can be checked.
    let rests_on_the_servers_word = request.wants_names()
        || request.has_server_options()
        || (request.is_shallow() && request.first_depth().is_none());
    let whole = request.is_clone() && !request.is_filtered() && !request.wants_names() && !request.has_server_options();
    if whole && facts.store && !facts.only_git_takes_in && (facts.mirrors || facts.public || facts.here) {
        return Plan::Bulk;
    }
    if !facts.mirrors || (rests_on_the_servers_word && facts.upstream) { Plan::Authority } else { Plan::Pass }
}

#[cfg(test)]
mod tests {
    use super::{Facts, Plan, plan};
    use crate::git::Request;
    use mirror_config::git::{Packet, Packets};

    fn request(arguments: &[&str]) -> Request {
        let mut bytes = Vec::new();
        Packet::Data(b"command=fetch").write(&mut bytes).expect("memory");
        let (options, arguments): (Vec<&str>, _) =
            arguments.iter().partition(|line| line.starts_with("server-option="));
        options.iter().for_each(|line| Packet::Data(line.as_bytes()).write(&mut bytes).expect("memory"));
        Packet::Delimiter.write(&mut bytes).expect("memory");
        for argument in arguments {
            Packet::Data(argument.as_bytes()).write(&mut bytes).expect("memory");
        }
        Packet::Flush.write(&mut bytes).expect("memory");
        Request::read(&mut Packets::new(&bytes[..])).expect("as written").expect("a request")
    }

    #[test]
    fn each_kind_of_fetch_goes_its_way() {
        let all =
            Facts { mirrors: true, upstream: true, public: true, here: false, store: true, only_git_takes_in: false };
        let kept = Facts { mirrors: false, upstream: false, public: false, here: true, ..all };
        let clone = ["want 7e1785e08e1fca2908ba6aefc65ce6b1adba7431", "done"];
        for (case, extra, facts, way) in [
            ("a clone", None, all, Plan::Bulk),
            ("no mirrors", None, Facts { mirrors: false, ..all }, Plan::Bulk),
            ("a private one, and no mirrors", None, Facts { mirrors: false, public: false, ..all }, Plan::Authority),
            ("no store", None, Facts { store: false, ..all }, Plan::Pass),
            ("git is to check", None, Facts { only_git_takes_in: true, ..all }, Plan::Pass),
            ("a filter", Some("filter blob:none"), all, Plan::Pass),
            ("an update", Some("have 7e1785e08e1fca2908ba6aefc65ce6b1adba7431"), all, Plan::Pass),
            ("a first depth", Some("deepen 1"), all, Plan::Pass),
            ("since a date", Some("deepen-since 1"), all, Plan::Authority),
            ("since a date, upstream away", Some("deepen-since 1"), Facts { upstream: false, ..all }, Plan::Pass),
            ("a clone, nobody there and all of it here", None, kept, Plan::Bulk),
            ("a filter, nobody there and all of it here", Some("filter blob:none"), kept, Plan::Authority),
            ("options for the server", Some("server-option=x"), all, Plan::Authority),
            ("a ref by name", Some("want-ref refs/heads/main"), all, Plan::Authority),
        ] {
            let arguments: Vec<&str> = extra.into_iter().chain(clone).collect();
            assert_eq!(plan(&request(&arguments), facts), way, "{case}");
        }
        for (case, facts) in [("upstream is there", all), ("upstream is away", Facts { upstream: false, ..all })] {
            let negotiates = request(&["wait-for-done", "have 7e1785e08e1fca2908ba6aefc65ce6b1adba7431"]);
            assert_eq!(plan(&negotiates, facts), Plan::Authority, "a negotiation, {case}");
        }
    }
}
