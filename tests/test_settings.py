"""Settings: where each value comes from, and what is said of one that cannot be used."""

import pytest

from punie_acp.settings import Settings, SettingsError, load_settings


def environment(tmp_path, **more):
    return {"PUNIE_CONFIG_DIR": str(tmp_path), **more}


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path):
    (tmp_path / "settings.toml").write_text('mode = "auto"\nmax_model_requests = 3\nmodel = "from-file"\n')
    environ = environment(tmp_path, PUNIE_MODEL="from-environment", PUNIE_MODE="ask")
    settings = load_settings(environ, {"mode": "read-only"})
    assert (settings.mode, settings.model, settings.max_model_requests) == ("read-only", "from-environment", 3)


def test_without_anything_set_the_defaults_hold(tmp_path):
    settings = load_settings(environment(tmp_path))
    assert settings.with_changes({}, "nothing") == settings
    assert settings.max_turn_seconds == Settings().max_turn_seconds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mode = 'yolo'", "mode is 'yolo'"),
        ("max_model_requests = 0", "greater than zero"),
        ("program_seconds = 'soon'", "must be a number"),
        ("colour = 'red'", "unknown setting 'colour'"),
        ("mode = ", "cannot be read"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_its_file(tmp_path, text, named):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings(environment(tmp_path))
    assert named in str(refused.value)
    assert "settings.toml" in str(refused.value)


def test_a_bad_environment_variable_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="log_level is 'loud' in the environment"):
        load_settings(environment(tmp_path, PUNIE_LOG_LEVEL="loud"))
