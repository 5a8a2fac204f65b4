//! Whether git still listens. Once it does not, nobody needs this program, nor anything that it has started: all of it ends,
//! wherever it is, and says nothing.
//!
//! What has arrived is in the store by then, whole or not at all, so that an end at any moment leaves nothing to repair. A git
//! that has got its answer and closes its side has not gone: what is to be written down then is written down.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use mirror_config::system::child;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Looks until somebody is not about to go.
const SOON: u32 = 5;
/// What the system gives a program's first thread.
const STACK: usize = 8 << 20;

/// What is known of git while it is served; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Listening {
    /// git waits for an answer.
    answering: Arc<AtomicBool>,
    /// It was seen to have gone.
    gone: Arc<AtomicBool>,
}

/// git waits for an answer until this is dropped, which comes before the last bytes of that answer: then it may go.
#[derive(Debug)]
pub struct Answering<'a>(&'a Listening);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.answering.store(false, Ordering::SeqCst);
    }
}

impl Listening {
    /// git waits for an answer from now on.
    pub fn answering(&self) -> Answering<'_> {
        self.answering.store(true, Ordering::SeqCst);
        Answering(self)
    }

    /// git was seen to have gone in the middle of something.
    pub fn has_gone(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    fn is_over(&self, starter: Option<u32>) -> bool {
        let deserted = self.answering.load(Ordering::SeqCst) && is_deserted();
        // In that order: an answer may have ended, and git gone, between the two.
        let deserted = deserted && self.answering.load(Ordering::SeqCst);
        deserted || self.gone.load(Ordering::SeqCst) || child::starter() != starter
    }
}

/// Whether nobody reads what is said to git.
pub fn is_deserted() -> bool {
    child::is_deserted(&io::stdout())
}

/// The same, or soon: a git that ends takes its repository away before it goes, which is no fault of this machine.
pub fn is_deserted_soon() -> bool {
    is_deserted()
        || (0..SOON).any(|_| {
            thread::sleep(LOOK);
            is_deserted()
        })
}

/// Does what serves git, in a thread of its own, and watches git meanwhile. Nothing comes of it when git goes away first: then
/// all that was started has been told to end, and the caller is to end at once.
pub fn while_git_listens<T: Send + 'static>(serve: impl FnOnce(&Listening) -> T + Send + 'static) -> Option<T> {
    let starter = child::starter();
    let listening = Listening::default();
    let (tell, told) = channel();
    let for_thread = listening.clone();
    let serving = thread::Builder::new().name("conversation".to_owned()).stack_size(STACK);
    serving
        .spawn(move || {
            // Nobody hears it when git has gone.
            let _ = tell.send(serve(&for_thread));
        })
        .expect("a system that starts a program has a thread for it");
    loop {
        match told.recv_timeout(LOOK) {
            Ok(served) => return Some(served),
            // A panic there has been shown already.
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if listening.is_over(starter) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    child::end_all();
    None
}
