"""Throw-away routes on the kernel's conventions, in place of an app's."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from qenex import urls
from qenex.kernel import context, events, problems, transactions, versions
from qenex.kernel.etags import VersionedMixin
from qenex.kernel.fields import AmountField, FlagField, IdField, StrictSerializer, TextField, WholeField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.ids import uuid7
from qenex.kernel.parsers import NDJSONParser, StrictJSONParser
from qenex.kernel.problems import Problem
from qenex.kernel.views import APIView

TEAPOT = problems.register("test_teapot", 418, "It is a teapot", "Brew elsewhere.")
PERMISSION = "kernel.view_event"


class LineSerializer(StrictSerializer):
    amount = AmountField()


class ThingSerializer(StrictSerializer):
    id = IdField(required=False)
    name = TextField(max_length=10)
    count = WholeField(required=False)
    flag = FlagField(required=False)
    amount = AmountField(required=False)
    lines = LineSerializer(many=True, required=False)
    made = serializers.CharField(read_only=True)


class EchoView(APIView):
    required_permissions = {"POST": PERMISSION}
    parser_classes = [StrictJSONParser, NDJSONParser]

    def post(self, request: Request) -> Response:
        return Response(request.data)


class ThingView(APIView):
    required_permissions = {"POST": PERMISSION}

    def post(self, request: Request) -> Response:
        serializer = ThingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({name: str(value) for name, value in serializer.validated_data.items()})


class WhoView(APIView):
    required_permissions = {"GET": PERMISSION}

    def get(self, request: Request) -> Response:
        by = context.current()
        fields = (by.actor_id, by.actor, by.address, by.method, by.request_id)
        return Response(dict(zip(("id", "actor", "address", "method", "request"), fields, strict=True)))


class CommandView(IdempotentMixin):
    """Records an event; `fail` makes the command raise after it."""

    required_permissions = {"POST": PERMISSION}

    def post(self, request: Request) -> HttpResponse:
        asked: Any = request.data

        def command() -> dict[str, str]:
            event = events.emit("test.done", subject_type="test", subject_id=asked["subject"])
            if asked.get("fail"):
                raise RuntimeError("crash")
            if asked.get("refuse"):
                raise Problem(TEAPOT, "no")
            return {"event": str(event)}

        return self.answer_once(request, lambda: transactions.run(command), lambda result: result)


class Row:
    """A versioned row in memory."""

    def __init__(self) -> None:
        self.pk = uuid7()
        self.version = 1
        self.name = "first"


class RowView(VersionedMixin):
    required_permissions = {"GET": PERMISSION, "PATCH": PERMISSION}
    row = Row()
    shown = 0

    def get(self, request: Request) -> HttpResponse:
        return self.tagged(request, self.row, self.data)

    def patch(self, request: Request) -> HttpResponse:
        versions.check(self.row.version, self.expected_version(request, self.row.pk))
        asked: Any = request.data
        self.row.name, self.row.version = asked["name"], self.row.version + 1
        return self.tagged(request, self.row, self.data)

    def data(self) -> dict[str, Any]:
        type(self).shown += 1
        return {"name": self.row.name}


class FailView(APIView):
    required_permissions = {"GET": PERMISSION}

    def get(self, request: Request, how: str) -> Response:
        raise {
            "teapot": Problem(TEAPOT, "Not today.", headers={"X-Brew": "tea"}),
            "throttled": Throttled(wait=7),
            "busy": transactions.Busy("x"),
            "defect": ZeroDivisionError("defect"),
        }[how]


class UndeclaredView(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


def plain_defect(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("defect")


urlpatterns = [
    path("api/v1/test/echo", EchoView.as_view()),
    path("api/v1/test/things", ThingView.as_view()),
    path("api/v1/test/who", WhoView.as_view()),
    path("api/v1/test/commands", CommandView.as_view()),
    path("api/v1/test/row", RowView.as_view()),
    path("api/v1/test/fail/<how>", FailView.as_view()),
    path("api/v1/test/undeclared", UndeclaredView.as_view()),
    path("api/v1/test/defect", plain_defect),
    path("plain/defect", plain_defect),
    *urls.urlpatterns,
]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
