//! Answers as they are on the wire.

use insta::internals::SettingsBindDropGuard;
use insta::{Settings, assert_snapshot};

use crate::support::{TRUST, World};

/// While it lives, snapshots name what differs from run to run.
fn redactions() -> SettingsBindDropGuard {
    let mut settings = Settings::clone_current();
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r"<RequestId>[0-9a-f-]{36}", "<RequestId><uuid>"),
        (r"(AROA|ANPA|ASIA)[A-Z2-7]{16,17}", "$1<id>"),
        (r"<SecretAccessKey>[^<]{40}", "<SecretAccessKey><secret>"),
        (r"<SessionToken>[^<]{200}", "<SessionToken><token>"),
    ] {
        settings.add_filter(pattern, name);
    }
    settings.bind_to_scope()
}

/// The body, one element a line.
fn lines(body: &str) -> String {
    body.replace("><", ">\n<")
}

async fn iam(world: &World, form: &[(&str, &str)]) -> String {
    let administrator = world.administrator();
    world.post("iam", &administrator, form).await.1
}

#[tokio::test]
async fn a_role_on_the_wire() {
    let _redactions = redactions();
    let world = World::start().await;
    let made = iam(
        &world,
        &[
            ("Action", "CreateRole"),
            ("RoleName", "load"),
            ("Description", "rows & <tables>"),
            ("AssumeRolePolicyDocument", TRUST),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "data"),
        ],
    )
    .await;
    assert_snapshot!(lines(&made), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
    <CreateRoleResult>
    <Role>
    <Path>/</Path>
    <RoleName>load</RoleName>
    <RoleId>AROA<id></RoleId>
    <Arn>arn:aws:iam::123456789012:role/load</Arn>
    <CreateDate><time></CreateDate>
    <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%0A%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%2C%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A123456789012%3Aroot%22%7D%2C%0A%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument>
    <Description>rows &amp; &lt;tables&gt;</Description>
    <MaxSessionDuration>3600</MaxSessionDuration>
    <Tags>
    <member>
    <Key>team</Key>
    <Value>data</Value>
    </member>
    </Tags>
    </Role>
    </CreateRoleResult>
    <ResponseMetadata>
    <RequestId><uuid></RequestId>
    </ResponseMetadata>
    </CreateRoleResponse>
    "#);
    let list = iam(&world, &[("Action", "ListRoles"), ("MaxItems", "1")]).await;
    assert_snapshot!(lines(&list), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
    <ListRolesResult>
    <Roles>
    <member>
    <Path>/</Path>
    <RoleName>load</RoleName>
    <RoleId>AROA<id></RoleId>
    <Arn>arn:aws:iam::123456789012:role/load</Arn>
    <CreateDate><time></CreateDate>
    <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%0A%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%2C%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A123456789012%3Aroot%22%7D%2C%0A%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument>
    <Description>rows &amp; &lt;tables&gt;</Description>
    <MaxSessionDuration>3600</MaxSessionDuration>
    </member>
    </Roles>
    <IsTruncated>false</IsTruncated>
    </ListRolesResult>
    <ResponseMetadata>
    <RequestId><uuid></RequestId>
    </ResponseMetadata>
    </ListRolesResponse>
    "#);
    let delete = iam(&world, &[("Action", "DeleteRole"), ("RoleName", "load")]).await;
    assert_snapshot!(lines(&delete), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
    <ResponseMetadata>
    <RequestId><uuid></RequestId>
    </ResponseMetadata>
    </DeleteRoleResponse>
    "#);
    let again = iam(&world, &[("Action", "DeleteRole"), ("RoleName", "load")]).await;
    assert_snapshot!(lines(&again), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
    <Error>
    <Type>Sender</Type>
    <Code>NoSuchEntity</Code>
    <Message>The role with name load cannot be found.</Message>
    </Error>
    <RequestId><uuid></RequestId>
    </ErrorResponse>
    "#);
}

#[tokio::test]
async fn a_session_on_the_wire() {
    let _redactions = redactions();
    let world = World::start().await;
    for role in ["load", "target"] {
        world.role(role).await;
    }
    world.allow("load", "sts:AssumeRole", "*").await;
    let form = [
        ("Action", "AssumeRole"),
        ("RoleArn", "arn:aws:iam::123456789012:role/target"),
        ("RoleSessionName", "s2"),
    ];
    let (_, body) = world.post("sts", &world.session_of("load"), &form).await;
    assert_snapshot!(lines(&body), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <AssumeRoleResult>
    <Credentials>
    <AccessKeyId>ASIA<id></AccessKeyId>
    <SecretAccessKey><secret></SecretAccessKey>
    <SessionToken><token></SessionToken>
    <Expiration><time></Expiration>
    </Credentials>
    <AssumedRoleUser>
    <AssumedRoleId>AROA<id>:s2</AssumedRoleId>
    <Arn>arn:aws:sts::123456789012:assumed-role/target/s2</Arn>
    </AssumedRoleUser>
    </AssumeRoleResult>
    <ResponseMetadata>
    <RequestId><uuid></RequestId>
    </ResponseMetadata>
    </AssumeRoleResponse>
    "#);
}
