"""The examples of deployment name settings that there are, and leave none out."""

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from crm_web.core.config import ROOT, Settings

SETTINGS = {name.upper() for name in Settings.model_fields}
# Put there by deploy/ci/fetch-cluster-schema.
CLUSTERS = ROOT / "var" / "cnpg" / "clusters.yaml"
# Of PostgreSQL's image, and for the image's Dockerfile alone.
NOT_OURS = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_INITDB_ARGS", "PGPASSWORD"}


@pytest.mark.parametrize("name", ["docker-compose.yml", "deploy/compose/pair.yml"])
def test_compose_passes_every_setting_on(name: str) -> None:
    text = (ROOT / name).read_text()
    ours = text.partition("x-piper: &piper\n")[2].partition("\nservices:")[0]
    environment = re.search(r"  env_file:\n    - path: (\S+)\n      required: false\n", ours)
    assert environment and ((ROOT / name).parent / environment[1]).resolve() == ROOT / ".env"
    assert set(re.findall(r"^ +([A-Z_]{3,}):", text, re.M)) - NOT_OURS <= SETTINGS
    for mounted in re.findall(r"^ +- (\./\S+?):/", text, re.M):
        assert ((ROOT / name).parent / mounted).is_file()


def test_the_balancer_of_compose_is_that_of_the_example() -> None:
    """But for HTTPS, which ends elsewhere, and for addresses."""
    folder = ROOT / "deploy"
    ours, example = ((folder / name).read_text() for name in ("compose/haproxy.cfg", "haproxy.cfg.example"))
    steady = r"^    ((?:timeout|retries|option|http-check|balance|default-server) .*?)(?: resolvers .*)?$"
    assert re.findall(steady, ours, re.M) == re.findall(steady, example, re.M)


def test_kubernetes_names_settings_that_there_are() -> None:
    folder = ROOT / "deploy" / "kubernetes"
    text = (folder / "kustomization.yaml").read_text()
    assert set(re.findall(r"^ +- ([A-Z_]+)=", text, re.M)) <= SETTINGS
    listed = set(re.findall(r"^ +- (\w+\.yaml)$", text, re.M))
    assert listed == {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    # Whatever serves or works runs as the numeric user of the image, and writes nowhere but to /tmp.
    user = re.search(r"useradd --uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert user
    for name in ("migrate", "web", "worker"):
        pod = (folder / f"{name}.yaml").read_text()
        assert f"runAsUser: {user[1]}" in pod
        assert "readOnlyRootFilesystem: true" in pod


@pytest.mark.skipif(
    not CLUSTERS.exists(), reason="no schema of CloudNativePG: deploy/ci/fetch-cluster-schema brings it"
)
def test_the_cluster_is_one_that_cloudnativepg_takes() -> None:
    (version,) = yaml.load(CLUSTERS.read_text(), yaml.CSafeLoader)["spec"]["versions"]
    schema = _refusing_unknown_fields(version["schema"]["openAPIV3Schema"])
    # Kubernetes itself checks these.
    schema["properties"]["metadata"] = {"type": "object"}
    checker = Draft202012Validator(schema)
    cluster = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "database.yaml").read_text())
    assert cluster["apiVersion"] == f"postgresql.cnpg.io/{version['name']}"
    assert [(error.json_path, error.message) for error in checker.iter_errors(cluster)] == []
    wrong = cluster | {"spec": cluster["spec"] | {"instance": 3}}
    assert [error.json_path for error in checker.iter_errors(wrong)] == ["$.spec"]


def _refusing_unknown_fields(schema: Any) -> Any:
    """Kubernetes drops fields that it doesn't know, so that a mistyped one does nothing."""
    if isinstance(schema, list):
        return [_refusing_unknown_fields(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _refusing_unknown_fields(part) for name, part in schema.items()}
    is_open = "properties" not in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    return strict if is_open or schema.get("type") != "object" else {"additionalProperties": False} | strict
