//! The inbox as a browser and a mail program see it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::World;

impl World {
    async fn inbox(&self, rest: &str) -> (u16, String) {
        let url = format!("{}/_zipster/inbox{rest}", self.emulator.endpoint());
        self.browse(&url).await
    }

    /// The numbers of the messages that a query finds.
    async fn numbers(&self, query: &str) -> Vec<u64> {
        let (status, body) = self.inbox(query).await;
        assert_eq!(status, 200, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let messages = body["messages"].as_array().unwrap();
        messages
            .iter()
            .map(|message| message["id"].as_u64().unwrap())
            .collect()
    }

    async fn named_topic(&self, name: &str, display_name: &str) -> String {
        let create = self.sns.create_topic().name(name);
        let created = create.attributes("DisplayName", display_name).send().await;
        created.unwrap().topic_arn.unwrap()
    }
}

#[tokio::test]
async fn a_mail_is_a_file_for_mail_programs() {
    let world = World::new().await;
    let topic = world.named_topic("news", "Größte Zips").await;
    world.confirmed_mailbox(&topic, "ops@example.com").await;
    let publish = world.sns.publish().topic_arn(&topic).subject("Step 2 of 5");
    let id = publish.message("größer\nals").send().await.unwrap();
    let id = id.message_id.unwrap();
    let (status, file) = world.inbox("/2.eml").await;
    assert_eq!(status, 200);
    let (head, body) = file.split_once("\r\n\r\n").unwrap();
    let date = head.lines().find(|line| line.starts_with("Date: "));
    let date = date.unwrap().to_owned();
    assert!(date.ends_with(" +0000"), "{date}");
    assert_eq!(
        head.replace(&date, "Date: <date>").replace(&id, "<id>"),
        "From: =?UTF-8?B?R3LDtsOfdGUgWmlwcw==?= <no-reply@sns.amazonaws.com>\r\n\
         To: ops@example.com\r\n\
         Subject: Step 2 of 5\r\n\
         Date: <date>\r\n\
         Message-ID: <<id>.2@sns.amazonaws.com>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=UTF-8\r\n\
         Content-Transfer-Encoding: 8bit"
    );
    assert!(body.starts_with("größer\r\nals\r\n\r\n--\r\n"), "{body}");
}

#[tokio::test]
async fn what_is_no_mail_is_no_file() {
    let world = World::new().await;
    let publish = world.sns.publish().phone_number("+14155550101");
    publish.message("done").send().await.unwrap();
    for name in ["/1.eml", "/2.eml", "/0.eml", "/one.eml", "/1", "/"] {
        let (status, body) = world.inbox(name).await;
        assert_eq!(status, 404, "{name}");
        assert!(body.starts_with("there is no mail"), "{body}");
    }
}

#[tokio::test]
async fn the_inbox_can_be_asked_for_addresses_topics_kinds_and_protocols() {
    let world = World::new().await;
    let news = world.topic("news").await;
    let alarms = world.topic("alarms").await;
    world.confirmed_mailbox(&news, "ops@example.com").await;
    world.confirmed_mailbox(&alarms, "me@example.com").await;
    for topic in [&news, &alarms] {
        let publish = world.sns.publish().topic_arn(topic).message("m");
        publish.send().await.unwrap();
    }
    let publish = world.sns.publish().phone_number("+14155550101");
    publish.message("done").send().await.unwrap();
    for (query, expected) in [
        ("", &[1, 2, 3, 4, 5][..]),
        ("?endpoint=ops@example.com", &[1, 3]),
        ("?topic=alarms", &[2, 4]),
        (&format!("?topic={news}"), &[1, 3]),
        ("?kind=confirmation", &[1, 2]),
        ("?protocol=sms", &[5]),
        ("?topic=news&kind=notification", &[3]),
        ("?topic=new", &[]),
    ] {
        assert_eq!(world.numbers(query).await, expected, "{query}");
    }
    for (query, refused) in [
        (
            "?address=x",
            "the inbox does not know address; it knows endpoint, topic, kind and protocol\n",
        ),
        ("?kind=spam", "there is no kind spam in an inbox\n"),
    ] {
        let answer = world.inbox(query).await;
        assert_eq!(answer, (400, refused.to_owned()));
    }
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    world.confirmed_mailbox(&topic, "ops@example.com").await;
    let publish = world.sns.publish().topic_arn(&topic).subject("<b>Zips");
    publish.message("1 < 2").send().await.unwrap();
    let endpoint = world.emulator.endpoint();
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "GET /_zipster/inbox?kind=notification HTTP/1.1\r\nHost: {host}\r\n\
         Accept: text/html,application/xhtml+xml\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.contains("<h2>&lt;b&gt;Zips</h2>"), "{page}");
    assert!(page.contains("1 &lt; 2"), "{page}");
    assert!(
        page.contains("<a href=\"/_zipster/inbox/2.eml\">"),
        "{page}"
    );
    assert!(!page.contains("/_zipster/inbox/1.eml"), "{page}");
}
