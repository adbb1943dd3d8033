//! The table of routes as it is being written: every address goes to axum behind a guard that asks for what
//! the route needs, and is remembered with its method, so that the document at `/openapi.json` can be held
//! against it.

use std::pin::Pin;

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    response::{IntoResponse, Response},
    routing::MethodFilter,
    routing::on,
};

use super::{
    Shared,
    access::{self, Needs},
};

/// Routes and what is known of them.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Shared>,
    table: Vec<(Method, &'static str, Needs)>,
}

impl Routes {
    pub(super) fn get<T: 'static>(
        self,
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.route((Method::GET, MethodFilter::GET), path, needs, handler)
    }

    pub(super) fn post<T: 'static>(
        self,
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.route((Method::POST, MethodFilter::POST), path, needs, handler)
    }

    pub(super) fn delete<T: 'static>(
        self,
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.route((Method::DELETE, MethodFilter::DELETE), path, needs, handler)
    }

    pub(super) fn put<T: 'static>(
        self,
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.route((Method::PUT, MethodFilter::PUT), path, needs, handler)
    }

    fn route<T: 'static>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.table.push((method, path, needs));
        self.router = self.router.route(path, on(filter, Guarded { needs, handler }));
        self
    }

    /// Puts the routes of another table beside these.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// Wraps the routes so far, for what only some of them need.
    pub(super) fn wrap(mut self, wrap: impl FnOnce(Router<Shared>) -> Router<Shared>) -> Self {
        self.router = wrap(self.router);
        self
    }

    /// Method and path of every route, and what it needs.
    pub(super) fn table(&self) -> &[(Method, &'static str, Needs)] {
        &self.table
    }

    pub(super) fn into_router(self) -> Router<Shared> {
        self.router
    }
}

/// A handler that only those reach who are let in.
#[derive(Clone)]
struct Guarded<H> {
    needs: Needs,
    handler: H,
}

impl<T: 'static, H: Handler<T, Shared>> Handler<T, Shared> for Guarded<H> {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, app: Shared) -> Self::Future {
        Box::pin(async move {
            match access::let_in(&app, self.needs, &mut request).await {
                Ok(()) => self.handler.call(request, app).await,
                Err(refused) => refused.into_response(),
            }
        })
    }
}
