//! git's own settings, as far as they decide how an upstream is reached, who asks there, and whether it may be asked.
//!
//! What is found here counts for upstream, and never for a mirror. All of it is pure but for the one file of curl's that
//! knows names and passwords; who asks git for its configuration is the caller.

pub mod listed;
pub mod allowed;
pub mod rewritten;
pub mod only_git;
pub mod proxy;

pub use allowed::refusal;
pub use listed::Listed;
pub use only_git::{Means, OnlyGit, only_git};
pub use proxy::GitProxy;
pub use rewritten::rewritten;
