//! A certificate that SNS signs with: read, checked, and what it verifies.
//!
//! AWS's file holds the certificate alone, without what signed it, so no chain can be built from it. What vouches for it is
//! where it was got: from the host of SNS itself, over TLS whose chain ends at the platform's roots.
//!
//! `x509-parser` reads it: lapin brings it along, while rustls-webpki tells nothing of a certificate but whether its chain holds.
use std::time::{SystemTime, UNIX_EPOCH};

use minilab_recipe::TopicArn;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, oid_registry::OID_PKCS1_RSAENCRYPTION,
    pem::parse_x509_pem,
};

use super::SnsRefusal;

/// A signature, by what it is of. Its comparison with what is signed need not be in constant time: nothing in it is secret.
#[derive(Debug)]
pub(super) enum Signature {
    /// Version 1, which SNS uses unless told otherwise. A collision would have to be made within what SNS itself writes around
    /// the message; version 2 spares the question.
    Sha1(Vec<u8>),
    /// Version 2.
    Sha256(Vec<u8>),
}

/// A key of SNS, and when it may be used.
#[derive(Debug)]
pub(super) struct Certificate {
    /// PKCS#1, as `ring` takes it.
    key: Vec<u8>,
    names: Vec<String>,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// Reads the first certificate of a PEM file.
    pub(super) fn parse(pem: &[u8]) -> Result<Self, SnsRefusal> {
        let unreadable = |_| SnsRefusal::certificate("it cannot be read");
        let (_, pem) = parse_x509_pem(pem).map_err(|_| SnsRefusal::certificate("it is no PEM"))?;
        let certificate = pem.parse_x509().map_err(unreadable)?;
        let key = certificate.public_key();
        if key.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
            return Err(SnsRefusal::certificate("its key is none of RSA"));
        }
        Ok(Self {
            key: key.subject_public_key.data.to_vec(),
            names: names(&certificate),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }

    /// Is it one that SNS signs messages of the topic with, now?
    pub(super) fn check(&self, topic: &TopicArn, now: SystemTime) -> Result<(), SnsRefusal> {
        let signers = signers(topic);
        if !self.names.iter().any(|name| signers.contains(name)) {
            return Err(SnsRefusal::certificate("its subject is not SNS"));
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
        if now < self.not_before || now > self.not_after {
            return Err(SnsRefusal::certificate("it is not valid now"));
        }
        Ok(())
    }

    pub(super) fn verify(&self, signature: &Signature, signed: &[u8]) -> Result<(), SnsRefusal> {
        let verified = match signature {
            Signature::Sha1(bytes) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, &self.key)
                    .verify(signed, bytes)
            }
            Signature::Sha256(bytes) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key).verify(signed, bytes)
            }
        };
        verified.map_err(|_| SnsRefusal::Signature)
    }
}

/// Whom it is for.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok()).map(str::to_owned);
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
    common.chain(alternative).collect()
}

/// What SNS calls itself: one name for the oldest regions, one of their own for others.
fn signers(topic: &TopicArn) -> [String; 4] {
    let (region, domain) = (topic.region(), topic.domain());
    [
        format!("sns.{domain}"),
        format!("sns.{region}.{domain}"),
        format!("sns-{region}.{domain}"),
        format!("sns-signing.{region}.{domain}"),
    ]
}
