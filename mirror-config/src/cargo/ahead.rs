//! Entries that cargo will ask for in a moment. It goes down a project's tree level by level, and each level is a way to the
//! authority and back; the lock says all of them at once.
//!
//! What is asked here is what cargo asks for itself once it gets there: nothing is asked twice, and nobody waits.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use super::registry::Registry;

/// What each crate of a project needs from the same registry, by names in lower case.
pub type Needs = HashMap<String, Vec<String>>;

/// Entries that are asked for at once ahead of cargo.
const AT_ONCE: usize = 12;

/// What is asked for ahead, for one run.
#[derive(Debug)]
pub struct Ahead {
    needs: Needs,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seen: HashSet<String>,
    waiting: VecDeque<String>,
    at_work: usize,
}

impl Ahead {
    /// For a project that needs this; where nothing is known of it, nothing is asked for ahead.
    pub fn new(needs: Needs) -> Self {
        Self { needs, state: Mutex::default() }
    }

    /// cargo asks for this one: all below it are asked for as well. Returns at once.
    pub fn begin(self: &Arc<Self>, registry: &Arc<Registry>, name: &str) {
        for _ in 0..self.enlist(name) {
            let (ahead, registry) = (Arc::clone(self), Arc::clone(registry));
            std::thread::spawn(move || {
                while let Some(name) = ahead.next() {
                    // What is wrong with it is told to cargo, should it ask.
                    drop(registry.entry(&name));
                }
            });
        }
    }

    /// Puts all below this one in the line, the nearest first, and says how many more are to work on it.
    fn enlist(&self, name: &str) -> usize {
        let mut state = self.state.lock().expect("nobody panics while holding it");
        let mut level = VecDeque::from([name]);
        state.seen.insert(name.to_owned());
        while let Some(name) = level.pop_front() {
            for needed in self.needs.get(name).into_iter().flatten() {
                if state.seen.insert(needed.clone()) {
                    state.waiting.push_back(needed.clone());
                    level.push_back(needed);
                }
            }
        }
        let more = state.waiting.len().min(AT_ONCE.saturating_sub(state.at_work));
        state.at_work += more;
        more
    }

    /// The next one, unless there is none.
    fn next(&self) -> Option<String> {
        let mut state = self.state.lock().expect("nobody panics while holding it");
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.at_work -= 1;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Ahead, Needs};

    #[test]
    fn all_below_is_asked_for_once_and_the_nearest_first() {
        let needs: Needs =
            [("a", &["b", "c"][..]), ("b", &["d"]), ("c", &["d", "a"]), ("d", &["e"]), ("x", &["e", "y"])]
                .into_iter()
                .map(|(name, needed)| (name.to_owned(), needed.iter().map(|name| (*name).to_owned()).collect()))
                .collect();
        let ahead = Ahead::new(needs);
        let waiting = |ahead: &Ahead| -> Vec<String> { std::iter::from_fn(|| ahead.next()).collect() };
        assert_eq!((ahead.enlist("a"), waiting(&ahead)), (4, ["b", "c", "d", "e"].map(str::to_owned).to_vec()));
        assert_eq!(ahead.enlist("b"), 0, "it is on its way");
        ahead.state.lock().expect("nobody panics").at_work = 0;
        assert_eq!((ahead.enlist("x"), waiting(&ahead)), (1, vec!["y".to_owned()]));
        assert_eq!(ahead.enlist("unknown"), 0);
        let wide: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
        assert_eq!(Ahead::new([("a".to_owned(), wide)].into()).enlist("a"), AT_ONCE);
    }
}
