//! The server as its callers and operators meet it: over HTTP, by its command line, on both databases.
//! One binary, because linking is most of the time these tests take.

mod access;
mod alerts;
mod canary;
mod command_line;
mod delivery;
mod erasure;
mod explore;
mod export;
mod forward;
mod http;
mod ingest;
mod lifecycle;
mod live;
mod metrics;
mod openapi;
mod privacy;
mod quarantine;
mod questions;
mod rollups;
mod spool;
mod store;
mod support;
