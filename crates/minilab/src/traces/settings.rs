//! Where traces go, by the environment variables of OpenTelemetry's specification; those that are not named here are not read.
use anyhow::Result;
use axum::http::{HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::{
    exit::{Exit, Refusal},
    role,
};

/// Asks for a variable.
type Ask<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where requests go.
    pub endpoint: Uri,
    /// What goes with each.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What tells this process from others.
    pub resource: Vec<(String, String)>,
    /// The share of traces that are told.
    pub ratio: f64,
}

impl Settings {
    /// `None` where nobody shall be told.
    pub fn read(role: &str, ask: Ask<'_>) -> Result<Option<Self>> {
        let said = |name: &str| ask(name).filter(|text| !text.trim().is_empty());
        let is_off = said("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
            || said("OTEL_TRACES_EXPORTER").is_some_and(|text| text == "none");
        let Some(endpoint) = endpoint(&said).filter(|_| !is_off) else {
            return Ok(None);
        };
        let protocol =
            said("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| said("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if let Some(protocol) = protocol.filter(|protocol| protocol != "http/protobuf") {
            let fix = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and the collector's port for HTTP, usually 4318, or \
                       OTEL_TRACES_EXPORTER=none";
            return Err(refused(&format!("traces are not told by {protocol}"), fix));
        }
        let endpoint: Uri = endpoint.parse().ok().filter(is_http).ok_or_else(|| {
            let what = format!("OTEL_EXPORTER_OTLP_ENDPOINT leads to {endpoint:?}, which is no address");
            refused(&what, "for example http://otel-collector:4318")
        })?;
        let headers =
            said("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or_else(|| said("OTEL_EXPORTER_OTLP_HEADERS"));
        let mut resource = vec![
            (
                "service.name".to_owned(),
                said("OTEL_SERVICE_NAME").unwrap_or(format!("minilab-{role}")),
            ),
            ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("service.instance.id".to_owned(), role::instance()),
        ];
        for (name, value) in pairs(&said("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()) {
            let named = said("OTEL_SERVICE_NAME").is_some() && name == "service.name";
            resource.retain(|(known, _)| named || *known != name);
            if !named {
                resource.push((name, value));
            }
        }
        Ok(Some(Self {
            endpoint,
            headers: pairs(&headers.unwrap_or_default())
                .map(header)
                .collect::<Result<_>>()?,
            resource,
            ratio: ratio(&said)?,
        }))
    }
}

/// That of traces as it is, else that of all signals with the path of traces.
fn endpoint(said: Ask<'_>) -> Option<String> {
    let all =
        || said("OTEL_EXPORTER_OTLP_ENDPOINT").map(|all| format!("{}/v1/traces", all.trim_end_matches('/')));
    said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(all)
}

fn is_http(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
}

/// Jobs of traces that began elsewhere follow what was decided there; this is about those that begin here.
fn ratio(said: Ask<'_>) -> Result<f64> {
    let sampler = said("OTEL_TRACES_SAMPLER").unwrap_or_else(|| "parentbased_always_on".to_owned());
    let argument = said("OTEL_TRACES_SAMPLER_ARG");
    match sampler.as_str() {
        "always_on" | "parentbased_always_on" => Ok(1.0),
        "always_off" | "parentbased_always_off" => Ok(0.0),
        "traceidratio" | "parentbased_traceidratio" => {
            let share = argument.as_deref().unwrap_or("1").parse().ok();
            share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
                let what = format!(
                    "OTEL_TRACES_SAMPLER_ARG is {:?}, which is no share",
                    argument.unwrap_or_default()
                );
                refused(&what, "a number from 0 to 1, such as 0.05")
            })
        }
        other => Err(refused(
            &format!("OTEL_TRACES_SAMPLER is {other:?}, which is not known here"),
            "parentbased_always_on, or parentbased_traceidratio with OTEL_TRACES_SAMPLER_ARG",
        )),
    }
}

/// `name=value,name=value`, percent-encoded.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| {
        let value = percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
        (name.trim().to_owned(), value)
    })
}

/// The value may be a secret, so it is not shown.
fn header((name, value): (String, String)) -> Result<(HeaderName, HeaderValue)> {
    let parsed = name.parse().ok().zip(HeaderValue::from_str(&value).ok());
    parsed.ok_or_else(|| {
        let what = format!("OTEL_EXPORTER_OTLP_HEADERS has a header {name:?} that cannot be sent");
        refused(&what, "name=value,name=value with values percent-encoded")
    })
}

fn refused(what: &str, fix: &str) -> anyhow::Error {
    Refusal::new(Exit::Config, what, fix).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>> {
        let ask = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read("worker", &ask)
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn traces_are_off_until_a_collector_is_named_and_can_be_switched_off_again() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap(), None);
        for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert_eq!(read(&[ENDPOINT, off]).unwrap(), None);
        }
        assert!(read(&[ENDPOINT]).unwrap().is_some());
    }

    #[test]
    fn variables_mean_what_the_specification_says() {
        let all = read(&[ENDPOINT]).unwrap().unwrap();
        assert_eq!(all.endpoint, "http://collector:4318/v1/traces");
        assert_eq!(
            all.resource[0],
            ("service.name".to_owned(), "minilab-worker".to_owned())
        );
        assert!((all.ratio - 1.0).abs() < f64::EPSILON);
        let one = read(&[
            ENDPOINT,
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "https://traces.example.com/in",
            ),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "Authorization=Bearer%20secret, x-tenant=a",
            ),
            ("OTEL_SERVICE_NAME", "photos"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other,deployment.environment.name=live",
            ),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ]);
        let one = one.unwrap().unwrap();
        assert_eq!(one.endpoint, "https://traces.example.com/in");
        assert_eq!(one.headers[0].1, "Bearer secret");
        assert_eq!(one.headers[1].0, "x-tenant");
        let names: Vec<_> = one
            .resource
            .iter()
            .filter(|(name, _)| name == "service.name")
            .collect();
        assert_eq!(names, [&("service.name".to_owned(), "photos".to_owned())]);
        assert!(
            one.resource
                .contains(&("deployment.environment.name".to_owned(), "live".to_owned()))
        );
        assert!((one.ratio - 0.25).abs() < f64::EPSILON);
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_the_fix_and_without_secrets() {
        for (name, value, fix) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "collector",
                "http://otel-collector:4318",
            ),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_always_on"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "no good=secret", "name=value"),
        ] {
            let error = read(&[(name, value), ENDPOINT]).unwrap_err();
            assert_eq!(crate::exit::of(&error), Exit::Config, "{name}");
            assert!(
                error.downcast_ref::<Refusal>().unwrap().fix().contains(fix),
                "{error}"
            );
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let share = [
            ENDPOINT,
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "7"),
        ];
        assert!(read(&share).is_err());
    }
}
