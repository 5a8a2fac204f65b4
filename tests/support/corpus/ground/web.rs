//! What a case about cargo or pip stands on: web servers, each with a shelf of packages that tells the truth or lies.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use super::places::{Ground, Told};
use crate::{
    corpus::{
        case::{Case, EARLIER, Fill, TRUTH},
        flaws,
        lies::Lies,
        packages::{Packages, split},
    },
    web::WebServer,
    wire::lock,
    world::{Ended, Sandbox},
};

/// What the tool makes of packages.
pub(crate) trait Shelf: Packages {
    /// See [`Ground::address`].
    fn address(base: &str) -> String;

    /// See [`Ground::configuration`]: the upstream's part, and the key of a mirror's address.
    fn upstream_part(case: &Case, address: &str) -> (String, &'static str);

    /// See [`Ground::prepare`]; `base` is a place that tells the truth.
    ///
    /// # Errors
    ///
    /// When that does not work.
    fn prepare(&self, sandbox: &Sandbox, case: &Case, base: &str) -> Result<(), String>;

    /// See [`Ground::target`].
    fn target(sandbox: &Sandbox) -> PathBuf;

    /// The command of [`Ground::act`].
    fn command(sandbox: &Sandbox, action: &str) -> Command;

    /// What of it the user has; what the user has otherwise is an error.
    ///
    /// # Errors
    ///
    /// Says what is not of this shelf.
    fn had(&self, sandbox: &Sandbox, case: &Case) -> Result<Vec<String>, String>;

    /// What the user has if nothing else is said.
    fn usual(case: &Case) -> Vec<String>;
}

/// The places of such a case.
pub(crate) struct WebGround<S> {
    truth: S,
    earlier: S,
    places: Vec<(&'static str, Arc<Mutex<S>>, WebServer)>,
    /// Known once all servers run.
    fill: Arc<OnceLock<Fill>>,
}

impl<S: Shelf> WebGround<S> {
    /// Everybody has the truth.
    pub(crate) fn new(case: &Case) -> Result<Self, String> {
        let mut truth = S::truth();
        case.world.iter().try_for_each(|lie| truth.tell(lie))?;
        let fill: Arc<OnceLock<Fill>> = Arc::default();
        let later = Arc::clone(&fill);
        let filled: Fill = Arc::new(move |text| later.get().map_or_else(|| text.to_owned(), |fill| fill(text)));
        let place = |name: &'static str| {
            let shelf = Arc::new(Mutex::new(truth.clone()));
            let server = S::serve(&shelf, Arc::clone(&filled));
            (name, shelf, server)
        };
        let places = case.sources().into_iter().map(|(name, _)| place(name)).collect();
        Ok(Self { earlier: truth.clone(), truth, places, fill })
    }

    fn shelf(&self, name: &str) -> Option<S> {
        if [TRUTH, EARLIER].contains(&name) {
            return Some(if name == TRUTH { &self.truth } else { &self.earlier }.clone());
        }
        self.places.iter().find(|(own, _, _)| *own == name).map(|(_, shelf, _)| lock(shelf).clone())
    }
}

impl<S: Shelf> Ground for WebGround<S> {
    fn bases(&self) -> Vec<(&'static str, String)> {
        self.places.iter().map(|(name, _, server)| (*name, server.url())).collect()
    }

    fn address(&self, base: &str) -> String {
        S::address(base)
    }

    fn stop(&mut self, name: &str) {
        self.places.iter_mut().filter(|(own, _, _)| *own == name).for_each(|(_, _, server)| server.stop());
    }

    fn spoil(&mut self, case: &Case, fill: &Fill) -> Result<(), String> {
        let _ = self.fill.set(Arc::clone(fill));
        case.before.iter().flat_map(|before| &before.then).try_for_each(|lie| self.truth.tell(lie))?;
        for ((_, source), (_, shelf, server)) in case.sources().into_iter().zip(&self.places) {
            let mut told = self.truth.clone();
            source.lies.iter().try_for_each(|lie| told.tell(lie))?;
            *lock(shelf) = told;
            source.faults.iter().try_for_each(|flaw| flaws::on_web(server, flaw, S::WHICH, &**fill))?;
        }
        Ok(())
    }

    fn configuration(&self, case: &Case, place: &Told<'_>) -> String {
        let (upstream, key) = S::upstream_part(case, &S::address(&place(self.places[0].0).0));
        let listed = self.places[1..].iter().zip(&case.mirrors).filter(|(_, mirror)| mirror.listed);
        let mirrors = listed.map(|((name, _, _), _)| {
            let (base, keys) = place(name);
            format!("[mirrors.{name}]\n{key} = \"{}\"\n{keys}", S::address(&base))
        });
        upstream + &mirrors.collect::<String>()
    }

    fn signers(&self) -> Option<PathBuf> {
        None
    }

    fn prepare(&self, sandbox: &Sandbox, case: &Case) -> Result<(), String> {
        // Files of the user's may name places.
        let fill = |text: &String| {
            self.places
                .iter()
                .fold(text.clone(), |text, (name, _, server)| text.replace(&format!("{{{name}}}"), &server.url()))
        };
        let files = case.files.iter().map(|(name, text)| (name.clone(), fill(text))).collect();
        self.truth.prepare(sandbox, &Case { files, ..case.clone() }, &self.places[0].2.url())
    }

    fn target(&self, sandbox: &Sandbox) -> PathBuf {
        S::target(sandbox)
    }

    fn act(&self, sandbox: &Sandbox, action: &str, _: bool, within: Duration) -> Ended {
        sandbox.run_until(S::command(sandbox, action), |elapsed| elapsed > within)
    }

    fn beside(&self, _: bool) {}

    fn log(&self, name: &str) -> usize {
        self.places.iter().find(|(own, _, _)| *own == name).map_or(0, |(_, _, server)| server.log().len())
    }

    fn said(&self, name: &str) -> Lies {
        self.shelf(name).map(|shelf| shelf.said()).unwrap_or_default()
    }

    fn compare(&self, sandbox: &Sandbox, source: &str, case: &Case) -> Result<(), String> {
        let shelf = self.shelf(source).ok_or_else(|| format!("there is no source {source}"))?;
        let had = shelf.had(sandbox, case)?;
        let expected = if case.expect.got.is_empty() { S::usual(case) } else { case.expect.got.clone() };
        if had == expected { Ok(()) } else { Err(format!("the user has {had:?}, not {expected:?}")) }
    }

    fn is_part_of_truth(&self, sandbox: &Sandbox, case: &Case) -> Result<(), String> {
        // All that the usual ones need, in whichever versions.
        let names: Vec<String> = S::usual(case).into_iter().map(|title| split(&title).0.to_owned()).collect();
        let had = self.truth.had(sandbox, case)?;
        let odd = had.iter().find(|title| !names.iter().any(|name| name == split(title).0));
        odd.map_or(Ok(()), |title| Err(format!("nobody needs {title}")))
    }
}
