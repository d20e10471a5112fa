//! Where the bytes of a load file come from.

use bytes::Bytes;

/// A load file that can be read from its start, and again from its start.
pub trait Source: Send {
    /// Why it cannot be read.
    type Error: Send;

    /// The next bytes, in pieces of any size; `None` at the end.
    ///
    /// # Errors
    /// If they cannot be read.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Self::Error>> + Send;

    /// Begins again, after a transaction that the database gave up.
    ///
    /// # Errors
    /// If what was read before cannot be read again.
    fn restart(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A load file in memory.
#[derive(Clone, Debug)]
pub struct InMemory {
    whole: Bytes,
    rest: Option<Bytes>,
}

impl InMemory {
    /// The load file with this content.
    pub fn new(content: impl Into<Bytes>) -> Self {
        let whole = content.into();
        let rest = Some(whole.clone());
        InMemory { whole, rest }
    }
}

impl Source for InMemory {
    type Error = std::convert::Infallible;

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Self::Error> {
        Ok(self.rest.take())
    }

    async fn restart(&mut self) -> Result<(), Self::Error> {
        self.rest = Some(self.whole.clone());
        Ok(())
    }
}
