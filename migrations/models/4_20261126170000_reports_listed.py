"""What a report card says, copied to its session, for lists of sessions.

What workers of the version before report while they go on running after this upgrade is in the card, and not in lists.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_UPGRADE = """
ALTER TABLE "sessions" ADD "report_status" VARCHAR(16);
ALTER TABLE "sessions" ADD "report_confidence" {double};
ALTER TABLE "sessions" ADD "report_symptom" TEXT;
UPDATE "sessions" SET "report_status" = c."status", "report_confidence" = c."confidence",
    "report_symptom" = c."symptom"
FROM "session_report_cards" AS c
WHERE c."project_id" = "sessions"."project_id" AND c."session_id" = "sessions"."session_id"
    AND NOT (c."status" = 'pending' AND c."confidence" = 0 AND c."symptom" = '');
"""

_DOWNGRADE = """
ALTER TABLE "sessions" DROP COLUMN "report_symptom";
ALTER TABLE "sessions" DROP COLUMN "report_confidence";
ALTER TABLE "sessions" DROP COLUMN "report_status";
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    """The statements that add and fill the columns, in the dialect of the connection."""
    return _UPGRADE.format(double="REAL" if db.capabilities.dialect == "sqlite" else "DOUBLE PRECISION")


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statements that remove them."""
    return _DOWNGRADE


MODELS_STATE = (
    "eJztXW1z2zYS/isYfUluRudJlNjJZe5uRnbUxq0TZ2zn0mna4UAkJKGiCJUArehy+e8HgC"
    "8iKZAmZJGiWHxpYwILUg/Ixe6zi8W33oI4yKUnQ+Rje9Z7A771PLhA/B+5lj7oweVyc11c"
    "YHDsyq5w02dMmQ9txq9OoEsRv+Qgavt4yTDx+FUvcF1xkdi8I/amm0uBh/8MkMXIFLEZ8n"
    "nDl9/5Zew56Cui8Z/LuTXByHUyj4odcW953WLrpbx26bEfZEdxt7FlEzdYeJvOyzWbES/p"
    "jT0mrk6Rh3zIkBie+YF4fPF00e+Mf1H4pJsu4SOmZBw0gYHLUj93bG2u9Szrw/WddTu6s6"
    "yeBkA28QS4/FGp/PVT8Qh/Hzx/+erl6xdnL1/zLvIxkyuvvoe33gATCkp4Ptz1vst2yGDY"
    "Q2K8AfUe+VQ80hayFzPoq6FNieTw5Q+exzdGswzg+MIG4c1b1QTEC/jVcpE3ZeLTGJyelg"
    "D6n+HNxbvhzVPe62/iloR/BuHX8SFqGoRtAvUNyuKj0kA46t5BdJ8/e1YBXd6rEF3ZlkWX"
    "35Gh8NPOIvzT7fUHNcIpkRzKDrYZ+B9wMd3SFUeAdgm4Agwx8oLSP900pk/fD3/Jw31xdX"
    "0uwSGUTX05ihzgnEMvFPRkntIm4sIY2vMV9B1rq4UMSFHf7abFYJG/Aj04lUCKXyx+X7Rk"
    "3SKfa6JbZPuIqZa0THvpwkZlT4vKrrTSAtcbAh96DlmAe+gGCLAZZADxUdZg6RMbUQrIBE"
    "APYD49kL8uQg5Q/sUjetLLTeWjB3vEoir/r6Ga4v770U2HXVozmunsZQXFdPayUC+JpgeW"
    "WjG5WgttLNDFhWDwuspCMHhdvBCIttZoo5/IWKWExOVS3fMHGVfUONceAkuMbCSUwYr48x"
    "Pw2ceML2NghdkMrITWwAxMiOuSFQUTnyz6gN8Q8VcEULLgigXz/8AJQ77oiClwiIe21VGt"
    "d3pYV33p8Q7hi8/VHQskPg6XgVKPB9y05xJfUo0T7GE6Q47oIZu42vwD2cwKvQDKNSgHMf"
    "orHPz3Qo0YqPyMczwtdDWCjvka/xgMXrx4NXj24uz16ctXr05fP0ucju2mMu/j/PJH4YBk"
    "vt+HPRIV/MU6Uom9WY3i1WgDa/JNVUU2Eeji6nNayQ05LXFDTrfckKzSqQpzVqqDWO//Vc"
    "7q86pAZ6WaA7rXOy6DKvNKw7VLoALmO/S1YDVMiXTiZS4B9W70y125R71YRy1X1x9+jLvn"
    "3ezcy52yaiq+2IlEgy+1j6CzbujNPqvyYp8Vv9dnW3Qct2UXSwVhVGjjpSQetvP2BfKzeu"
    "28R3LKGzg3tnkWzbccD+EIqCHdSOUZuEjsJP5Hx7TG5fvR7d3w/ceM6ng7vBuJlkFGbcRX"
    "n+bf7mQQ8Pny7h0Qf4Jfrz+M8pxd0u/u1554JhgwYnlkZUEnjUl8Ob6UmV4XQcp9q8Bj2N"
    "Wd5LzsHqY6MsrNTNc009w1nyNFQKjMBc4JdkZFNuIKb/AXXAvyddb+jYQxaKsYtMj3iQLg"
    "YnM2EegAvk2bsjY3ElnIymkuG1lJYx+0etVYBmM3oV81Jzova+yDNs90mmfXnOicqJnnts"
    "1zS+JoH0M6tKeIpcVN/bJ4WkSnasTUKGYIEF+E2p3AZidgJCLvbMYnG/DRkYhezfizA7iE"
    "PgPjNcCMAuyo42aPGm3PyXEmarL3GL46XaLYfNxvukSLVVwtVCj/lnTAjvsbsHcA20ciIU"
    "4ESBy4VvDPhb7/tuBO7n/LlvN9c6S2G1CGxC0tcRuGpmsdhV0gvtOb3jaka44WQpGkwg1P"
    "4uMp9hRvdnGWqEK0+WzR3j8ngWfLlL9xgF3GH+RE3O/fB6AJ9pZDmtU8DrQVDsU5IS6CXp"
    "HWiYVyMzLmUsf3EZRRh9fXVxnMzy/z6vzT+/PRzdPncgJ4J7EMqpXQUREyTdqRx+69ZcJx"
    "IhFPrBQ7xOSyosZLb9s8t8tLHy7xz2jdK/bVow79Ch67BZfYmqN15fx73rcvE1Rn2J4B4r"
    "lrwJ1mcPtu+PfB6Znws+doyVTJ9hqSVbJVsxlcKU1ZnGNqvPU9mnrF3rrJyGvIxua/Gyly"
    "A4pd9USgE/A2TozYZKmVy5sIdALuutPD+PpgzSCd6SCcljGa+kGFcVyeSGuUyTGYqJl0i6"
    "9LzIfbYZqzksYRafMs++iezHf6mLOSZpbbPMsupMwK6E7znJc1M922mW4JsTAS6XbvoUxq"
    "VNAK6eZ+Gakg0/ashexZmVGYQOwGPgKQAeIhsCAL5DG59R5Em4dOwKWM1guOIHzz5I5Y7E"
    "kCIe6koBz2ObSCkyjf8RrCIP74vWo6gdkEe9hNsIa5MHsJD+pU15F8vdFDGlBnhAzS1ZCO"
    "0gUEn66DdU6sg2gPKtWfGpTUnxps15+a85+mxRVF/TuI74tBBXhfDArRFU2GWj4gtYzusY"
    "M8WyvvLi1jtsloQz7Dqtp1xXDH/Q3UOyQ5Ll24tshkQhGzFopksDIfRyXd3FbHjvg8m8kg"
    "Y1l4bxc+KSdqogCt45NMsOcvMc0toQ1vQ3+8pywDSuNqxWUVQGUnjV1D95hilubsBEtnux"
    "h57AntKxi8iJtR7xp61Gh6fGCeAtwpf8nQg4YebIX+NPRgd0grs92rSU+IBHpoJwIG7t2q"
    "uvm7mcBZSWMCt84EzlZC82Vxdm1qISdoWIWdWQV0z41mapGxNHWUAZAyJlMhbHg2bXUXUO"
    "Rrp9BmhDoAet22qY9k2TWtRXwj0gGAG4+NePfYJ95CedZMiVLJihngtYFncKq1bzvu347N"
    "2uK2HdqsLbgq1YFhJWGTjUhzhs3zeq2avRWGEAeAWA6eIqpQKsWLZU6sA0ql/uVySXxm6d"
    "fX3hLsXtWN/e+hikDjd50UJRT84BJYHGndls7BPhHixwd8CdBvrz+dX43Ax5vRxeXtZaS8"
    "E/9WNkoyP6nwcDMaXhW85evFkpGFnm2Yl+zCe960qWJinTtNxbERPcHS2XGas5Jmmls3zW"
    "0JaTPiI+d6XFQNM9PeLw1uy54RqVV1M4wHwv4g3oDCB+EP+gbMOVYemCEfgTGa8JGjA95W"
    "4QlxfcCvTYk8LC5z/lt4Opxib0ydd6oQGk9xfQ+FxtNR9PgAOvmFmph5a4hgEzM/uKNVRr"
    "0XA30ozr05H+vZoArUolvJ4dcDk6JwwBQFs9OjRsogWU4rv8OxQIPs1xJ5jgDpWDHG/0XW"
    "eM2QZnw6K2fO99ktNm3IgcIJOXavMXNMRrjZX6eIdlqkM1/X3mIksnyI9tFNWakOREia4D"
    "Lbwn6E5unQZ3gCCwiQXJd+hQR/C0a9NTL9o5M8wmId4XlrfYBOpieSreA/wF1TTMWZHxCI"
    "jZDkjSzxwbsjaM+AmCfBVKQqfWxxIPXdRrtWSAxQ+KGYeiGtsiSKyY3DFZRtlVOyfzLDsE"
    "Zmp0XnaIyskteAe0uwg4jXcAJJjJpmNnJezpiw+pmDPp5ORUUbTeIuL2fe8yoqXDu16pE5"
    "Ve0GeP+1cFb8d5GVVipsSqQd2bCdOrooAW0HSi8va0i9VpN6hrv9S0yzSezq7DS3i9q8ke"
    "m2F3y4XjG5merUr0JvxnnTXKAiw3kbpvv2gQ0DKnhGB0zw10xl4icUxOGJEyCoygfYzP0M"
    "+biqJoaoNERlu7SnISo7ArQhKhssCWMYhZrzgfT3CT12g9BfnJBE9szDNnQtnxBhqQV6O/"
    "iL5M1U6NfkCaZi+yx32bh5qvUF5AUN+Dt8B1+ZRYPFAvpaMZG8nIFeG/p7TAOuP3YAf1vS"
    "wK+/Q3S3LdF72Qu9W5bgSV15gjXvhTbsfKf5PMPO/+Wm2bDznZ3mlrDzF+ERSEMXwxDAHD"
    "Gfae+XcfLxYUpQdEWVDyFcIJ8/GIikn1AwR+u+JNHDmuDyMv83ZAAzCqIjDsEfBHtg4pOF"
    "6OYB9SmEex27CkFPAt9GlfZWM8gfLbUN25D3LSTvDcfcFMe8+XA0gM5KdRDoWk5vS2keDa"
    "yzUgbralgbM93Yb43Yb2/husR6E62VbDcHrisabu/ICpCJrEWTGFIrSMEMixOf5VYtPlhf"
    "FLn5dHexbZztIF/BAMsd6MlHMJkSxtg6Ms1Yt7FlDstt0gRwoAJlsfarUY66ly34R4hzGf"
    "HNF3D1udk2CVSFx8tUcl6yM6UFGi7cEWfvFExBcdmUvFxnJuBRtR3aZSu+R4uxNJ+KzMWo"
    "QyWLcSH7Vmb7ohdEmnmJ4aei7oo7am/xTy9cD54GmF3kZEmN9OGrhqsz5mPL11pjPnbJfD"
    "TZt81l35pTnBpQH+XGfQst+/pXzr3VDZtgP2evbAFczjorBzDkc+vI561icY+Yc5W8mfLW"
    "TXm7fMhPtNSDlM39Kv6jWD4re4+icz+qkz9ec7+QG5PIAWL1BcRz1/2suyijB5QA/mPWsU"
    "NJT8CPIrggzpaXWSDi9Rd7Nfm/FypHtPZ7/ub95t0h16WynQQM+AiKmru8mVCUDAJWM+nw"
    "8nuJZxKl/z20Aoykb0588WTARROR0lLVX87YMGXusvF+jffbbjVvvN8ueb/H5JEd8Ut9hH"
    "S/Cu3nh/XEWmKhXVIaoKHN8D1myqSQbIdSKw2LrhYM++KqSb23ZMFNjdCCgYwbJMslfwMc"
    "aap4QI75BsjDDIA9g94U0T63eYSBLA2dPpgg5Agw+mEGL79Cly5mVFF7o9ZbKUwnvfiBOS"
    "jpCGwnU6LDlOg4bqCNUdqkUWoORaqx5OdxxbsaisLUEu3yiOr0qeLN8HH/DqDb9BZ4bqNC"
    "YX5sw/0TJZ6AfDvelRJpRyFbcdujLGQr50i9L2OsVQ4iK2W+A3NYeDNTYcJTeuRHFITqFX"
    "EfcXv/YeojMpErR6iiKp8hG5FEbshEbmiJPBtAuR2DTsAwIih4mx2f9cy7LPg66/RFUAd6"
    "DhavdHQctCo6Vfv9KkSPKh0lHR9dKaPNFCEv+pSD8HDpb73NBOdEF4H48AOPYVf07KGvy5"
    "i+iV+HaJKjLytWCz3ZmU+Z+AN8fje6GUVU0L/AEznqk953w8q0lJUx5EFD5IEmaWDIAkMW"
    "tIYsOJJqngeyG2spIskEOFO9Og0pmU6AXv/BQiFg1j03PcWzbYFdHJJViJpcWbPFrUloZQ"
    "KGLq5ZIQNqHlSzKfbQm2J9JBxP5HEXEt8ja7dIRekgHaAUGwhchJsUUhyC/g6HlLDhElvH"
    "JW7tbthxrvOyZqpbPdUJR1jdr4CNhyQTkrQhBbr3EzAgX3CmHtIK/aZlOrBGNe8zc2Qs3X"
    "h7VsrAviPsu5dQVsnvYQmJqHyzgux/BUmHijQnOydq5vlI5jn2oBSHZhU7xAXiOznGLZvm"
    "fdMOUbI8UgVDCXER9Ir83JRcDtgxF6xr9UquNPsJnV9fX2W+nvPL/Ar16f35iNtq8rPZHO"
    "OxjXgckt9hxcqJGiXWZiWWTNauTHTxAJ1h+PamxkzmWWe/qZZknv3Mp+8dCZRZZ0lbvyzj"
    "TIT+rRnvVjHb7LPI+YpSvYSs+HecDzZBrgv4DBPZKgZ9kz7iIjwEY8UHQPdR4WVZk0CQZf"
    "LQi+1cs9rvViHTbBZhKJMkTG2CVsVJTCbXwdMG4s+jov0QdzfpAQqDweRt1Zi3ZWLZh45l"
    "m+yX+lyNaFetLrRbcgbaPLQmGGw8ufo9uaGLfPYWuZg7K8oCKtkO/TKfDoqufKZl38oFVK"
    "65FyUlwYT40qei2Jtv+2Ql/R5duoS7aqHCSdcw6YMvMiwW0HyL8b5a6n0drrrJYcGv2dcK"
    "P2w9cNMyHfQTTAGZowXaFJBpck9YsrRWxTkR6CDCNeye4TaQDrpxfwNuBXDHxFGoCFGjQw"
    "1u3L/5GiaHcbQeXa1EDKDKZAsUGS7lqbGBKqmlzsTBJfJE3epeI692DZmxjKHFkulkEqVF"
    "DF2jpGuQ7xNFVKI47zUrZfJeTZWdZqbiGBiy7DYoD9PZjse8ZERNnljb5rklTOitzV+SQP"
    "7kLRI0aeuX8Z806lU5pUUeCB5LOWCJkY1EqsmK+PNN5sgYTQOvL87jWM0w7yzSSrjbbyNK"
    "ASNkHp99kctg2e/gD1OshaSo/L+GORf3N8RcgYNSzH9yS9jfef+Hb1ZDoyUfPBJJBGyRf0"
    "cYdFWaMtNeqi3tsCdXKbyrRqyIytiS0GQQRGPIo4DkhRn3scnUh4snFIwDe44Y5Y1CqUHX"
    "jRUbl6ZYlIUTxxNh/pbwNihuoQ461X1DZS5grAT55ySAM/l/RxKBOuxi1yo+rpZ6CNH3oI"
    "HwRqJB9/rb92aIodPnVfLVeK9CjGVbFuN76AaKl/gHl8ACJZJI5CCeCJHamKGTurihEkjf"
    "Xn86vxqBjzeji8vby4j+TIwD2SgubfY83YyGV4c+L+f7/wGO70T/"
)
