//! A small writer of the XML that query services answer with.

use quick_xml::escape::escape;

/// Writes elements in the order of calls. The caller keeps `open` and `close` in balance.
#[derive(Debug)]
pub struct Xml {
    text: String,
}

impl Xml {
    /// A document with its declaration.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
        }
    }

    /// `<name>`.
    pub fn open(&mut self, name: &str) {
        self.text.extend(["<", name, ">"]);
    }

    /// `<name xmlns="namespace">`.
    pub fn open_with_namespace(&mut self, name: &str, namespace: &str) {
        self.text
            .extend(["<", name, " xmlns=\"", &*escape(namespace), "\">"]);
    }

    /// `</name>`.
    pub fn close(&mut self, name: &str) {
        self.text.extend(["</", name, ">"]);
    }

    /// `<name>value</name>`, escaped.
    pub fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        self.text.push_str(&escape(value));
        self.close(name);
    }

    /// The document.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

impl Default for Xml {
    fn default() -> Self {
        Self::new()
    }
}
