//! A `tower` layer: every request an HTTP service answers is logged.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::{Extensions, Method, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{client::TelemetryClient, event::Event};

/// The name of a request's event, unless told otherwise.
const EVENT: &str = "api_call";

/// The longest method that is repeated: all that are registered are shorter.
const METHOD_CHARS_MAX: usize = 20;

/// What may be looked at to say which route a request is of. The query string and the headers are not there:
/// what is in them is the visitor's.
#[derive(Debug)]
pub struct RequestHead<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path. Ids in it may be personal data: return a pattern such as `/orders/{id}`.
    pub path: &'a str,
    /// What other layers know of it; axum's `MatchedPath`, for one.
    pub extensions: &'a Extensions,
}

type Route = Arc<dyn Fn(&RequestHead<'_>) -> Option<String> + Send + Sync>;

/// Logs each request with [`log_safe`](TelemetryClient::log_safe), as the event `api_call` with the properties
/// `endpoint` (the route as the program names it, `unmatched` if it does not), `method`, `status_code` and
/// `response_time` (milliseconds until the answer's head). A request whose answer is an error of the service has
/// `outcome: "error"` instead of a status, one whose caller went away `outcome: "cancelled"`. Never logged: path,
/// query string, headers, bodies.
///
/// ```no_run
/// use axum::{Router, extract::MatchedPath, routing::get};
/// use pharos_client::{TelemetryClient, layer::RequestLayer};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = TelemetryClient::from_env().build()?;
/// let requests = RequestLayer::new(client.clone(), |request| {
///     request.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned())
/// });
/// let app: Router = Router::new().route("/orders/{id}", get(|| async { "an order" })).layer(requests);
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RequestLayer {
    client: TelemetryClient,
    route: Route,
    event: Arc<str>,
}

impl RequestLayer {
    /// A layer that asks `route` which route a request is of.
    pub fn new(
        client: TelemetryClient,
        route: impl Fn(&RequestHead<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { client, route: Arc::new(route), event: EVENT.into() }
    }

    /// The same with another name for its events.
    #[must_use]
    pub fn with_event(mut self, name: &str) -> Self {
        self.event = name.into();
        self
    }
}

impl fmt::Debug for RequestLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLayer").field("event", &self.event).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestService { inner, layer: self.clone() }
    }
}

/// A service whose requests are logged.
#[derive(Debug, Clone)]
pub struct RequestService<S> {
    inner: S,
    layer: RequestLayer,
}

impl<S, B, R> Service<Request<B>> for RequestService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (method, path) = (request.method(), request.uri().path());
        let route = (self.layer.route)(&RequestHead { method, path, extensions: request.extensions() });
        let endpoint = route.unwrap_or_else(|| "unmatched".to_owned());
        // Whoever asks may invent methods.
        let method = Some(method.as_str()).filter(|method| method.len() <= METHOD_CHARS_MAX);
        let event = Event::new(&*self.layer.event)
            .property("endpoint", endpoint)
            .property("method", method.unwrap_or("unknown"));
        let record = Record { client: self.layer.client.clone(), event: Some(event), began: Instant::now() };
        RequestFuture { inner: self.inner.call(request), record }
    }
}

pin_project! {
    /// An answer to be.
    pub struct RequestFuture<F> {
        #[pin]
        inner: F,
        record: Record,
    }
}

impl<F: Future<Output = Result<Response<R>, E>>, R, E> Future for RequestFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Poll::Ready(answer) = this.inner.poll(cx) else { return Poll::Pending };
        match &answer {
            Ok(response) => {
                let status = response.status().as_u16();
                this.record.log(|event| event.property("status_code", status));
            }
            Err(_) => this.record.log(|event| event.property("outcome", "error")),
        }
        Poll::Ready(answer)
    }
}

impl<F> fmt::Debug for RequestFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFuture").finish_non_exhaustive()
    }
}

/// A request that is to be logged, once.
struct Record {
    client: TelemetryClient,
    event: Option<Event>,
    began: Instant,
}

impl Record {
    fn log(&mut self, more: impl FnOnce(Event) -> Event) {
        let Some(event) = self.event.take() else { return };
        let response_time = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Why it is not queued is counted, and told to `on_problem`.
        let _ = self.client.log_safe(more(event).property("response_time", response_time));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.log(|event| event.property("outcome", "cancelled"));
    }
}
