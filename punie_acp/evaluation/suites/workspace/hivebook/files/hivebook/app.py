"""The WSGI application."""

from datetime import date

from hivebook import api, views
from hivebook.messages import HTTPError, MethodNotAllowed, Request, Response
from hivebook.pages import render
from hivebook.routing import Router

ROUTES = [
    ("GET", "/", views.home, "home"),
    ("GET", "/hives", views.hive_list, "hives"),
    ("GET", "/hives/<id>", views.hive_page, "hive"),
    ("GET", "/hives/<id>/inspect", views.inspection_form, "inspect"),
    ("POST", "/hives/<id>/inspect", views.add_inspection, "add-inspection"),
    ("GET", "/keepers", views.keeper_list, "keepers"),
    ("GET", "/static/<path:name>", views.static, "static"),
    ("GET", "/api/hives", api.hives, "api-hives"),
    ("GET", "/api/hives/<id>", api.hive, "api-hive"),
    ("GET", "/api/hives/<id>/inspections", api.inspections, "api-inspections"),
    ("GET", "/api/keepers", api.keepers, "api-keepers"),
    ("GET", "/api/honey", api.honey, "api-honey"),
    ("GET", "/api/overdue", api.overdue_hives, "api-overdue"),
]
ALWAYS = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")]


class Application:
    """Answers requests from a store; `today` is a function, for the tests."""

    def __init__(self, store, today=date.today):
        self.store = store
        self.today = today
        self.router = Router(ROUTES)
        self.url_for = self.router.url_for

    def __call__(self, environ, start_response):
        response = self.respond(Request(environ))
        start_response(response.status_line, [*response.headers, *ALWAYS])
        return [response.body]

    def respond(self, request):
        """The response, also where something went wrong."""
        try:
            handler, arguments = self.router.match(request.method, request.path)
            return handler(self, request, **arguments)
        except MethodNotAllowed as error:
            return self.error_page(error, [("Allow", ", ".join(error.allowed))])
        except HTTPError as error:
            return self.error_page(error)

    def error_page(self, error, headers=()):
        page = render("error.html", f"Error {error.status}", problem=str(error))
        return Response(page, error.status, headers=headers)
