//! A pack on its way into the store: in it goes what is whole and was asked for, and nothing else leaves a trace.
#![no_main]

use std::fs;

use arbitrary::Arbitrary;
use git_mirror_helper::objects::{landing::land, proof::prefix, store::Store};
use libfuzzer_sys::fuzz_target;
use mirror_config::{
    errors::Fault,
    model::{Oid, Repository},
};
use mirror_fuzz::{
    folder,
    packs::{self, Entry, Kind, Tamper},
    surroundings,
};

#[derive(Debug, Arbitrary)]
struct Case {
    entries: Vec<Entry>,
    tamper: Tamper,
    /// Which objects were asked for.
    wants: Vec<u8>,
    /// Where the pack is looked at before all of it is there.
    prefix: u16,
    /// Bytes of no form instead.
    raw: Option<Vec<u8>>,
}

fn oid(id: &[u8; 20]) -> Oid {
    packs::hex(id).parse().expect("an id")
}

fuzz_target!(|case: Case| {
    let pack = packs::write(&case.entries, case.tamper);
    let wants: Vec<[u8; 20]> = case
        .wants
        .iter()
        .map(|want| match pack.objects.is_empty() || *want == 255 {
            true => [0xdd; 20],
            false => pack.objects[usize::from(*want) % pack.objects.len()].id,
        })
        .collect();
    let ids: Vec<Oid> = wants.iter().map(oid).collect();

    let begun = &pack.bytes[..usize::from(case.prefix).min(pack.bytes.len())];
    prefix::Look::at(begun, "sha1");
    for commit in prefix::commits(begun, &ids, "sha1") {
        let known = |object: &packs::Object| object.kind == Kind::Commit && oid(&object.id) == commit;
        assert!(pack.objects.iter().any(known), "nobody can invent {commit}");
    }

    let home = folder();
    let env = surroundings(home.path(), &[]);
    let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
    let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");

    if let Some(raw) = &case.raw {
        prefix::Look::at(raw, "sha1");
        prefix::commits(raw, &ids, "sha1");
        let _ = land::check(&raw[..], "sha1");
        let landed = land::land(&raw[..], &store, &ids);
        assert!(landed.is_err() || store.has_all(&ids));
        return;
    }

    let checked = land::check(&pack.bytes[..], "sha1");
    let landed = land::land(&pack.bytes[..], &store, &ids);
    assert!(!matches!(landed, Err(Fault::Local(_))), "nothing of this machine failed: {landed:?}");
    let whole = match case.tamper {
        Tamper::Nothing => true,
        Tamper::Count(count) => count as usize == case.entries.len(),
        _ => false,
    };
    if !whole {
        // Of a pack that says that it is empty nothing is read, and nothing lands.
        let empty = landed.as_ref().is_ok_and(|landed| landed.files.is_none());
        assert!(landed.is_err() || empty, "{:?} landed", case.tamper);
    }
    if landed.is_ok() {
        assert_eq!(checked, Ok(()), "two readers of one pack");
        assert!(store.has_all(&ids), "what was asked for is there");
        if pack.sound && whole {
            assert!(pack.is_closed() && wants.iter().all(|want| pack.has(want)), "something was left out");
            let all: Vec<Oid> = pack.objects.iter().map(|object| oid(&object.id)).collect();
            assert!(store.has_all(&all), "every object of the pack is there");
        }
    } else {
        assert!(store.tips().is_empty(), "no tip is remembered");
        let left = |place: &std::path::Path| fs::read_dir(place).expect("a folder of the store").count();
        assert_eq!((left(&store.packs()), left(&store.incoming_folder())), (0, 0), "a trace of {landed:?}");
        // An object that is there twice may be a delta on itself, by its id; nobody sends that.
        let good =
            pack.sound && whole && pack.is_unique() && pack.is_closed() && wants.iter().all(|want| pack.has(want));
        assert!(!good, "a good pack was refused: {landed:?}, {case:?}");
    }
});
