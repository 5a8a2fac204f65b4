//! Objects that were rebuilt lately: the next deltas are on those.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use gix::objs;

/// Bytes of objects that are kept.
const BYTES: usize = 48 << 20;

/// An object, rebuilt.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: objs::Kind,
    pub(crate) bytes: Arc<Vec<u8>>,
}

/// The objects, by a number that each has for itself, the oldest first to go.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    objects: HashMap<u32, Object>,
    order: VecDeque<u32>,
    bytes: usize,
}

impl Cache {
    pub(crate) fn get(&self, number: u32) -> Option<Object> {
        self.0.lock().expect("nobody panics while holding it").objects.get(&number).cloned()
    }

    pub(crate) fn put(&self, number: u32, object: Object) {
        let mut kept = self.0.lock().expect("nobody panics while holding it");
        kept.bytes += object.bytes.len();
        match kept.objects.insert(number, object) {
            Some(before) => kept.bytes -= before.bytes.len(),
            None => kept.order.push_back(number),
        }
        // The newest stays, however large: its own deltas come next.
        while kept.bytes > BYTES && kept.order.len() > 1 {
            let oldest = kept.order.pop_front().and_then(|number| kept.objects.remove(&number));
            kept.bytes -= oldest.map_or(0, |object| object.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES, Cache, Object};
    use gix::objs::Kind;
    use std::sync::Arc;

    #[test]
    fn the_oldest_go_and_the_newest_stays() {
        let cache = Cache::default();
        let put = |number, size| cache.put(number, Object { kind: Kind::Blob, bytes: Arc::new(vec![0; size]) });
        let kept = |numbers: std::ops::Range<u32>| numbers.filter(|n| cache.get(*n).is_some()).collect::<Vec<_>>();
        (0..4).for_each(|number| put(number, BYTES / 4));
        assert_eq!(kept(0..9), [0, 1, 2, 3]);
        put(4, BYTES / 2);
        assert_eq!(kept(0..9), [2, 3, 4]);
        put(4, 10);
        put(5, BYTES * 2);
        assert_eq!(kept(0..9), [5]);
    }
}
