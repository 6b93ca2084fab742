"""The addresses of signing in, below /admin/. Whatever is not marked here answers only after both factors."""

from django.urls import path

from qenex.access.admin.pages import enrol, keys, password, second_factor, security, sign_in
from qenex.access.middleware import before_second_factor as early

urlpatterns = [
    path("login/", early(sign_in.SignIn.as_view()), name="login"),
    path("logout/", sign_in.sign_out, name="logout"),
    path("second-factor/", early(second_factor.SecondFactor.as_view()), name="second_factor"),
    path("second-factor/passkey/", early(second_factor.Challenge.as_view()), name="passkey_challenge"),
    path("enrol/", early(enrol.Enrol.as_view()), name="enrol"),
    path("enrol/app/", early(enrol.EnrolApp.as_view()), name="enrol_app"),
    path("enrol/app/qr.png", early(enrol.QR.as_view()), name="enrol_qr"),
    path("enrol/passkey/", early(enrol.EnrolPasskey.as_view()), name="enrol_passkey"),
    path("enrol/passkey/options/", early(enrol.Options.as_view()), name="passkey_options"),
    path("password_change/", early(password.ChangePassword.as_view()), name="password_change"),
    path("step-up/", second_factor.StepUp.as_view(), name="step_up"),
    path("security/", security.Security.as_view(), name="security"),
    path("security/<uuid:session_id>/end/", security.EndSession.as_view(), name="security_end"),
    path("security/tokens/<uuid:family>/end/", security.EndProgram.as_view(), name="security_end_program"),
    path("security/end-others/", security.EndOthers.as_view(), name="security_end_others"),
    path("security/<slug:kind>/<slug:factor>/remove/", security.RemoveFactor.as_view(), name="security_remove"),
    path("security/recovery-codes/", security.NewCodes.as_view(), name="security_codes"),
    path("security/keys/<uuid:key>/", keys.OwnKey.as_view(), name="security_key"),
]
