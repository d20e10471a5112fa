//! What the finished resource would have, as far as it can be told: identifiers in AWS's forms,
//! made from the address so that they are the same every time, and the local database wherever a
//! stack would have its own.

use std::collections::BTreeMap;

use crate::schema::{Context, digits, suffix};
use crate::value::{Number, Value};
use crate::{Address, LocalDatabase};

/// The attributes of a resource of type `ty` that are known although nobody makes it.
pub(crate) fn computed(
    ty: &str,
    address: &Address,
    context: &Context,
    written: &BTreeMap<String, Value>,
    database: Option<&LocalDatabase>,
) -> Vec<(&'static str, Value)> {
    let one = Plausible {
        address,
        context,
        written,
    };
    match ty {
        "aws_db_instance" => one.db_instance(database),
        "aws_instance" => one.instance(database),
        "aws_db_subnet_group" => one.named("name", "rds", "subgrp:"),
        "aws_db_parameter_group" => one.named("name", "rds", "pg:"),
        "aws_cloudwatch_metric_alarm" => one.named("alarm_name", "cloudwatch", "alarm:"),
        "aws_kms_key" => one.kms_key(),
        "aws_kms_alias" => one.named("name", "kms", ""),
        "aws_iam_instance_profile" => one.instance_profile(),
        "aws_vpc" => one.network("vpc", "vpc"),
        "aws_subnet" => one.network("subnet", "subnet"),
        "aws_route_table" => one.network("rtb", "route-table"),
        "aws_internet_gateway" => one.network("igw", "internet-gateway"),
        "aws_vpc_endpoint" => one.endpoint(),
        "aws_security_group" | "aws_default_security_group" => one.security_group(),
        "aws_vpc_security_group_egress_rule" | "aws_vpc_security_group_ingress_rule" => {
            one.network("sgr", "security-group-rule")
        }
        "aws_nat_gateway" => vec![one.id("nat")],
        "aws_eip" => vec![one.id("eipalloc")],
        "aws_route_table_association" => vec![one.id("rtbassoc")],
        "aws_route" => vec![one.id("r")],
        "data.aws_availability_zones" => one.zones(),
        "data.aws_ami" => vec![one.id("ami")],
        _ => Vec::new(),
    }
}

struct Plausible<'a> {
    address: &'a Address,
    context: &'a Context,
    written: &'a BTreeMap<String, Value>,
}

impl Plausible<'_> {
    /// Hexadecimal digits made from the address.
    fn digits(&self, count: usize) -> String {
        digits(self.address, count)
    }

    fn id(&self, prefix: &str) -> (&'static str, Value) {
        ("id", format!("{prefix}-{}", self.digits(17)).into())
    }

    fn arn(&self, service: &str, resource: &str) -> (&'static str, Value) {
        let Context {
            account,
            region,
            partition,
            ..
        } = self.context;
        let arn = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
        ("arn", arn.into())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.written.get(name)?.as_str()
    }

    /// Its name, or one that begins with its prefix, or one that is made up.
    fn name(&self, attribute: &str) -> String {
        if let Some(name) = self.text(attribute) {
            return name.to_owned();
        }
        let prefix = self.text(&format!("{attribute}_prefix"));
        format!("{}{}", prefix.unwrap_or("terraform-"), suffix(self.address))
    }

    /// What is called by its name.
    fn named(
        &self,
        attribute: &'static str,
        service: &str,
        before: &str,
    ) -> Vec<(&'static str, Value)> {
        let name = self.name(attribute);
        vec![
            self.arn(service, &format!("{before}{name}")),
            ("id", name.as_str().into()),
            (attribute, name.into()),
        ]
    }

    /// What EC2 calls by an identifier.
    fn network(&self, prefix: &str, resource: &str) -> Vec<(&'static str, Value)> {
        let id = format!("{prefix}-{}", self.digits(17));
        vec![
            self.arn("ec2", &format!("{resource}/{id}")),
            ("id", id.as_str().into()),
            // Whose it is, where it has an owner.
            ("owner_id", self.context.account.as_str().into()),
        ]
    }

    fn security_group(&self) -> Vec<(&'static str, Value)> {
        let mut known = self.network("sg", "security-group");
        known.push(("name", self.name("name").into()));
        known
    }

    fn endpoint(&self) -> Vec<(&'static str, Value)> {
        let mut known = self.network("vpce", "vpc-endpoint");
        if self.text("vpc_endpoint_type") != Some("Interface") {
            let id = format!("pl-{}", self.digits(8));
            known.push(("prefix_list_id", id.into()));
        }
        known
    }

    fn zones(&self) -> Vec<(&'static str, Value)> {
        let region = self.context.region.as_str();
        let zones = ["a", "b", "c"].map(|zone| format!("{region}{zone}"));
        vec![("id", region.into()), ("names", Value::strings(zones))]
    }

    fn kms_key(&self) -> Vec<(&'static str, Value)> {
        let digits = self.digits(32);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        let id = parts.map(|part| digits[part].to_owned()).join("-");
        vec![
            self.arn("kms", &format!("key/{id}")),
            ("id", id.as_str().into()),
            ("key_id", id.into()),
        ]
    }

    fn instance_profile(&self) -> Vec<(&'static str, Value)> {
        let name = self.name("name");
        let Context {
            account, partition, ..
        } = self.context;
        let arn = format!("arn:{partition}:iam::{account}:instance-profile/{name}");
        vec![
            ("arn", arn.into()),
            ("id", name.as_str().into()),
            ("name", name.into()),
        ]
    }

    fn instance(&self, database: Option<&LocalDatabase>) -> Vec<(&'static str, Value)> {
        let mut known = self.network("i", "instance");
        if let Some(database) = database {
            for name in ["private_dns", "private_ip", "public_dns", "public_ip"] {
                known.push((name, database.host.as_str().into()));
            }
        }
        known
    }

    fn db_instance(&self, database: Option<&LocalDatabase>) -> Vec<(&'static str, Value)> {
        let identifier = self.name("identifier");
        let resource = format!("db-{}", self.digits(26).to_uppercase());
        let mut known = vec![
            self.arn("rds", &format!("db:{identifier}")),
            ("id", resource.as_str().into()),
            ("resource_id", resource.into()),
            ("identifier", identifier.into()),
        ];
        let Some(database) = database else {
            return known;
        };
        let LocalDatabase {
            host,
            port,
            name,
            secret_arn,
        } = database;
        known.extend([
            ("address", host.as_str().into()),
            ("endpoint", format!("{host}:{port}").into()),
            ("port", Number::from(u64::from(*port)).into()),
            ("db_name", name.as_str().into()),
        ]);
        if let Some(arn) = secret_arn
            && self
                .written
                .get("manage_master_user_password")
                .and_then(Value::as_bool)
                == Some(true)
        {
            let secret = BTreeMap::from([
                ("secret_arn".to_owned(), arn.as_str().into()),
                ("secret_status".to_owned(), "active".into()),
                ("kms_key_id".to_owned(), Value::null()),
            ]);
            let secrets = Value::tuple(vec![Value::object(secret)]);
            known.push(("master_user_secret", secrets));
        }
        known
    }
}
