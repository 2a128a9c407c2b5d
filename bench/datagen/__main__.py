"""`python -m bench.datagen`: fills the database of this installation."""

from flask.cli import ScriptInfo

from bench.datagen.commands import fill
from crm_web import create_app

if __name__ == "__main__":
    fill(prog_name="python -m bench.datagen", obj=ScriptInfo(create_app=create_app))
