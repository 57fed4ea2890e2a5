"""Every request that the API describes, and some that it forbids, sent to a helper; test_openapi.py runs these."""

from __future__ import annotations

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

import safelight
from safelight.server.app import build_api

# What would end the helper under test, or never ends.
LEFT_OUT = ["/api/v1/shutdown", "/api/v1/events"]
described = build_api(safelight.__version__).openapi()
schema = schemathesis.openapi.from_dict(described).exclude(path=LEFT_OUT)
# Bodies can be wrong in more ways than a path; but a job that is started is work for everybody beside.
BODIES = [
    path
    for path, methods in described["paths"].items()
    if "application/json" in methods.get("post", {}).get("requestBody", {}).get("content", {})
    and path not in ("/api/v1/jobs", "/api/v1/lightroom/duplicates")
]
bodies, rest = schema.include(path=BODIES, method="POST"), schema.exclude(path=BODIES, method="POST")
# One connection for all 6,000, and no look for proxies before each.
connected = requests.Session()
connected.trust_env = False


@rest.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_nothing_that_is_described_makes_it_stumble(case, helper):
    assert_it_stands(case, helper)


@bodies.parametrize()
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_body_that_is_described_makes_it_stumble(case, helper):
    assert_it_stands(case, helper)


def assert_it_stands(case, helper):
    load_all_checks()
    kind = case.headers.get("Content-Type", case.media_type) if case.headers else case.media_type
    response = case.call(
        base_url=f"http://127.0.0.1:{helper.port}",
        headers={"Authorization": f"Bearer {helper.token}", **({"Content-Type": kind} if kind else {})}
        | ({"Content-Type": "application/json"} if case.method == "POST" and not kind else {}),
        session=connected,
        timeout=600,
        allow_redirects=False,
    )
    case.validate_response(
        response,
        checks=[
            CHECKS.get_one(name)
            for name in (
                "not_a_server_error",
                "status_code_conformance",
                "content_type_conformance",
                "response_schema_conformance",
            )
        ],
    )


def test_the_helper_stands_after_all_that(helper):
    assert helper.get("/api/v1/status")["name"] == "safelight"
    assert "Traceback" not in helper.log()
