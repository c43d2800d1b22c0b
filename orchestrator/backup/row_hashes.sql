select {hash} as hash, {id}::text as transcript_id, {fold}::double precision as fold_change
from only {table}
