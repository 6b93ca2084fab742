"""The kernel's routes under /api/v1/."""

from django.urls import path

from qenex.kernel.api import views

urlpatterns = [
    path("events", views.EventListView.as_view(), name="api-events"),
    path("events/<uuid:pk>", views.EventView.as_view(), name="api-event"),
]
