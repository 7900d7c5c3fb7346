//! Typed families: a metric takes exactly the labels it was declared with, and every child starts at zero, so that rates and
//! alerts on absence work from the first scrape.
use std::{marker::PhantomData, time::Duration};

use prometheus::{
    CounterVec, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry,
    core::Collector,
};

use crate::labels::Labels;

const DECLARED: &str = "metric names, labels and buckets are constants that a test checks";

/// How a metric is made and registered; what the declarations in `metrics.rs` call.
pub(crate) trait Family: Sized {
    /// Registers it under `name`, with every child at zero.
    fn register(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Self;
}

/// Only rises.
#[derive(Debug, Clone)]
pub struct Counter<L: Labels>(IntCounterVec, PhantomData<L>);

impl<L: Labels> Counter<L> {
    /// One more.
    pub fn inc(&self, labels: L) {
        self.add(labels, 1);
    }

    /// So many more.
    pub fn add(&self, labels: L, by: u64) {
        self.0.with_label_values(&labels.values()).inc_by(by);
    }

    /// Its value now.
    pub fn get(&self, labels: L) -> u64 {
        self.0.with_label_values(&labels.values()).get()
    }
}

impl<L: Labels> Family for Counter<L> {
    fn register(registry: &Registry, name: &str, help: &str, _: &[f64]) -> Self {
        let family = IntCounterVec::new(Opts::new(name, help), &L::names()).expect(DECLARED);
        for labels in L::every() {
            family.with_label_values(&labels.values());
        }
        Self(registered(registry, family), PhantomData)
    }
}

/// Rises and falls.
#[derive(Debug, Clone)]
pub struct Gauge<L: Labels>(IntGaugeVec, PhantomData<L>);

impl<L: Labels> Gauge<L> {
    /// It is this now.
    pub fn set(&self, labels: L, value: i64) {
        self.0.with_label_values(&labels.values()).set(value);
    }

    /// Changes by this.
    pub fn add(&self, labels: L, by: i64) {
        self.0.with_label_values(&labels.values()).add(by);
    }

    /// Its value now.
    pub fn get(&self, labels: L) -> i64 {
        self.0.with_label_values(&labels.values()).get()
    }
}

impl<L: Labels> Family for Gauge<L> {
    fn register(registry: &Registry, name: &str, help: &str, _: &[f64]) -> Self {
        let family = IntGaugeVec::new(Opts::new(name, help), &L::names()).expect(DECLARED);
        for labels in L::every() {
            family.with_label_values(&labels.values());
        }
        Self(registered(registry, family), PhantomData)
    }
}

/// Only rises, by parts of a second.
#[derive(Debug, Clone)]
pub struct Seconds<L: Labels>(CounterVec, PhantomData<L>);

impl<L: Labels> Seconds<L> {
    /// So much longer.
    pub fn add(&self, labels: L, by: Duration) {
        self.0
            .with_label_values(&labels.values())
            .inc_by(by.as_secs_f64());
    }
}

impl<L: Labels> Family for Seconds<L> {
    fn register(registry: &Registry, name: &str, help: &str, _: &[f64]) -> Self {
        let family = CounterVec::new(Opts::new(name, help), &L::names()).expect(DECLARED);
        for labels in L::every() {
            family.with_label_values(&labels.values());
        }
        Self(registered(registry, family), PhantomData)
    }
}

/// Rises and falls, by parts.
#[derive(Debug, Clone)]
pub struct Level<L: Labels>(GaugeVec, PhantomData<L>);

impl<L: Labels> Level<L> {
    /// It is this now.
    pub fn set(&self, labels: L, value: f64) {
        self.0.with_label_values(&labels.values()).set(value);
    }
}

impl<L: Labels> Family for Level<L> {
    fn register(registry: &Registry, name: &str, help: &str, _: &[f64]) -> Self {
        let family = GaugeVec::new(Opts::new(name, help), &L::names()).expect(DECLARED);
        for labels in L::every() {
            family.with_label_values(&labels.values());
        }
        Self(registered(registry, family), PhantomData)
    }
}

/// How times are distributed, in seconds.
#[derive(Debug, Clone)]
pub struct Histogram<L: Labels>(HistogramVec, PhantomData<L>);

impl<L: Labels> Histogram<L> {
    /// It took this long.
    pub fn observe(&self, labels: L, took: Duration) {
        self.0
            .with_label_values(&labels.values())
            .observe(took.as_secs_f64());
    }

    /// How often it was observed.
    pub fn count(&self, labels: L) -> u64 {
        self.0.with_label_values(&labels.values()).get_sample_count()
    }
}

impl<L: Labels> Family for Histogram<L> {
    fn register(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Self {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let family = HistogramVec::new(options, &L::names()).expect(DECLARED);
        for labels in L::every() {
            family.with_label_values(&labels.values());
        }
        Self(registered(registry, family), PhantomData)
    }
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, family: C) -> C {
    registry
        .register(Box::new(family.clone()))
        .expect("each name is declared once");
    family
}
