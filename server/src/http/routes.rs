//! The table of routes as it is being written: every address goes to axum and is remembered with its
//! method, so that the document at `/openapi.json` can be held against it.

use axum::{Router, handler::Handler, http::Method, routing::MethodFilter, routing::on};

use super::Shared;

/// Routes and what is known of them.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Shared>,
    table: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(super) fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.route(Method::GET, MethodFilter::GET, path, handler)
    }

    pub(super) fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.route(Method::POST, MethodFilter::POST, path, handler)
    }

    pub(super) fn delete<T: 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.route(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    fn route<T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.table.push((method, path));
        self.router = self.router.route(path, on(filter, handler));
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

    /// Method and path of every route.
    pub(super) fn table(&self) -> &[(Method, &'static str)] {
        &self.table
    }

    pub(super) fn into_router(self) -> Router<Shared> {
        self.router
    }
}
