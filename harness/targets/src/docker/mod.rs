//! The Docker engine: whether it answers, images, a private network, and that nothing of a session
//! outlives it.

mod engine;
mod session;

pub(crate) use engine::Engine;
pub(crate) use session::Session;
