// The page's life: samples come by server-sent events (or, where those fail, by asking), are kept for five minutes for
// each cache, and one cache at a time is shown. Markup never carries styles, so that the page works under a strict
// content security policy.

const Windows = [60, 120, 300]; // Seconds that charts show: the least that shows all there is, at most the last.
const Kept = Windows.at(-1);
const Smoothed = 10; // Seconds over which the charted hit ratio is taken: single seconds of a quiet cache say little.
const Gap = 8; // Seconds between two samples beyond which no line joins them.
const Silence = 6; // Seconds without a sample after which the connection counts as lost.
const PollEvery = 5;
const RetryStreamAfter = 60;
const RestAfter = 60; // Seconds unseen after which the stream is closed: browsers have few connections for one site.

const byId = id => document.getElementById(id);
const address = name => new URL(name, import.meta.url);

// ---- Numbers for people

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const rounded = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const count = n => Math.abs(n) < 100000 ? whole.format(n) : compact.format(n);
const rate = n => n === 0 ? '0' : n < 0.05 ? '<0.1' : n < 100 ? (Math.round(n * 10) / 10).toFixed(n < 10 ? 1 : 0) : count(Math.round(n));
const percent = ratio => {
    const hundredths = ratio * 100;
    return ratio === 1 || ratio === 0 ? `${hundredths}\u202f%` : `${Math.min(99.9, Math.max(0.1, hundredths)).toFixed(1)}\u202f%`;
};
const bytes = n => {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    while (n >= 1000 && unit < units.length - 1) {
        n /= 1024;
        unit++;
    }
    return `${unit === 0 ? whole.format(n) : rounded.format(n)}\u202f${units[unit]}`;
};
const duration = seconds => {
    if (seconds < 0.001) return `${whole.format(seconds * 1e6)}\u202fµs`;
    if (seconds < 1) return `${rounded.format(seconds * 1000)}\u202fms`;
    if (seconds < 60) return `${seconds < 10 ? rounded.format(Math.round(seconds * 10) / 10) : whole.format(seconds)}\u202fs`;
    const parts = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
    const first = parts.findIndex(([, size]) => seconds >= size);
    const [[large, size], [small, rest]] = [parts[first], parts[first + 1]];
    const least = Math.floor(seconds % size / rest);
    return `${Math.floor(seconds / size)}\u202f${large}${least ? ` ${least}\u202f${small}` : ''}`;
};
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

// ---- What is kept

const forRoom = evictions => evictions.entries + evictions.bytes + evictions.tenantLimit;
const requestsOf = statistics => statistics.hits + statistics.misses;

/** The samples of one cache and what follows from them, as far back as charts reach. */
class History {
    points = [];

    add(time, cache) {
        const before = this.points.at(-1);
        const point = { time, cache, joined: before !== undefined && time - before.time <= Gap };
        if (before !== undefined && time <= before.time) return; // The same sample by another way.
        if (point.joined) {
            const [now, then, seconds] = [cache.statistics, before.cache.statistics, time - before.time];
            const perSecond = of => Math.max(0, of(now) - of(then)) / seconds;
            point.hits = perSecond(s => s.hits);
            point.misses = perSecond(s => s.misses);
            point.evictions = Object.fromEntries(Object.keys(now.evictions).map(reason => [reason, perSecond(s => s.evictions[reason])]));
        }

        this.points.push(point);
        while (this.points[0].time < time - Kept - Gap) this.points.shift();
        point.ratio = this.ratioOver(Smoothed);
    }

    copy() {
        return Object.assign(new History(), { points: [...this.points] });
    }

    /** Hits among the requests of the last seconds; null where there were none. */
    ratioOver(seconds) {
        const last = this.points.at(-1);
        const first = this.points.find(point => point.time >= last.time - seconds);
        const requests = requestsOf(last.cache.statistics) - requestsOf(first.cache.statistics);
        return requests > 0 ? (last.cache.statistics.hits - first.cache.statistics.hits) / requests : null;
    }
}

// ---- Charts

const Svg = 'http://www.w3.org/2000/svg';
const Left = 44, Right = 6, Top = 10, Bottom = 20, Height = 170;

const element = (parent, name, attributes = {}, text) => {
    const made = parent instanceof SVGElement || name === 'svg' ? document.createElementNS(Svg, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
};

/** The next of 1, 2, 5, 10, 20, 50 … */
const roundUp = n => {
    const power = 10 ** Math.floor(Math.log10(n));
    return [1, 2, 5, 10].find(step => step * power >= n * 0.9999) * power;
};

/**
 * Series over the last five minutes. A series is { label, colour, value(point) }, whose value is null or undefined where
 * there is none. Stacked ones stand on one another.
 */
class Chart {
    constructor(id, { series, format, top, limit, stacked = false, empty = 'Collecting' }) {
        Object.assign(this, { series, format, top, limit, stacked });
        const figure = byId(id);
        this.title = figure.querySelector('h2').textContent;
        const legend = element(figure.querySelector('figcaption'), 'div', { class: 'legend' });
        this.values = series.map(one => {
            const key = element(legend, 'span', { class: `s-${one.colour}` });
            element(key, 'i', { class: 'swatch' });
            if (series.length > 1) key.append(`${one.label} `);
            return element(key, 'b', {}, '–');
        });
        this.when = element(legend, 'span', { hidden: '' });
        this.plot = element(figure, 'div', { class: 'plot' });
        this.svg = element(this.plot, 'svg', { role: 'img', 'aria-label': this.title, tabindex: 0 });
        this.waiting = element(this.plot, 'p', { class: 'waiting' }, empty);
        this.points = [];
        this.told = [];
        this.width = 0;

        new ResizeObserver(entries => {
            this.width = entries[0].contentRect.width;
            this.draw();
        }).observe(this.plot);
        this.svg.addEventListener('pointermove', event => {
            this.pointer = event.clientX - this.svg.getBoundingClientRect().left;
            this.draw();
        });
        for (const left of ['pointerleave', 'blur']) {
            this.svg.addEventListener(left, () => {
                this.pointer = undefined;
                this.draw();
            });
        }
        this.svg.addEventListener('keydown', event => {
            const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
            if (steps === undefined || this.told.length === 0) return;
            event.preventDefault();
            const from = this.pointed ? this.told.indexOf(this.pointed) : this.told.length;
            this.pointer = this.x(this.told[Math.max(0, Math.min(this.told.length - 1, from + steps))].time);
            this.draw();
            byId('told').textContent = [this.when.textContent, ...this.series.map((one, index) => `${one.label} ${this.values[index].textContent}`)].join(', ');
        });
    }

    show(points) {
        this.points = points;
        this.draw();
    }

    draw() {
        const { points, width } = this;
        if (width === 0) return;
        const now = points.at(-1)?.time ?? 0;
        const age = now - (points[0]?.time ?? 0);
        const seconds = Windows.find(window => window >= age) ?? Kept;
        const x = time => width - Right - (now - time) / seconds * (width - Left - Right);
        const visible = points.filter(point => point.time >= now - seconds);
        const has = point => this.series.some(one => one.value(point) != null);
        const limit = this.limit && points.length ? this.limit(points.at(-1)) : undefined;
        const top = this.top(visible, limit);
        const y = value => Top + (1 - Math.min(1, value / top)) * (Height - Top - Bottom);

        this.svg.replaceChildren();
        this.svg.setAttribute('viewBox', `0 0 ${width} ${Height}`);
        this.drawAxes(top, limit, y);
        this.drawTimes(seconds, age => x(now - age));
        this.drawSeries(visible, x, y);
        this.waiting.hidden = visible.some(has);

        this.told = visible.filter(has);
        this.x = x;
        const pointed = this.pointed = this.pointer === undefined ? undefined
            : this.told.reduce((best, point) =>
                best && Math.abs(x(best.time) - this.pointer) <= Math.abs(x(point.time) - this.pointer) ? best : point, undefined);
        if (pointed) element(this.svg, 'line', { class: 'cross', x1: x(pointed.time), x2: x(pointed.time), y1: Top, y2: Height - Bottom });
        const told = pointed ?? points.at(-1);
        this.series.forEach((one, index) => {
            const value = told && one.value(told);
            this.values[index].textContent = value == null ? '–' : this.format(value);
        });
        this.when.hidden = !pointed;
        this.when.textContent = pointed ? `${duration(Math.round(now - pointed.time))} ago` : '';
        this.describe(visible);
    }

    drawAxes(top, limit, y) {
        for (const share of [0, 0.5, 1]) {
            const at = y(top * share);
            element(this.svg, 'line', { class: share === 1 && top === limit ? 'limit' : 'grid', x1: Left, x2: this.width - Right, y1: at, y2: at });
            element(this.svg, 'text', { x: Left - 6, y: at + 4, 'text-anchor': 'end' }, this.format(top * share));
        }
        if (limit !== undefined)
            element(this.svg, 'text', { x: Left + 4, y: y(top) + 14 }, top === limit ? 'limit' : `limit ${this.format(limit)}`);
    }

    drawTimes(seconds, x) {
        const steps = this.width < 420 ? 2 : seconds > 120 ? 5 : 4;
        for (let step = 0; step <= steps; step++) {
            const age = seconds * step / steps;
            element(this.svg, 'text', { x: x(age), y: Height - 4, 'text-anchor': step === 0 ? 'end' : step === steps ? 'start' : 'middle' },
                age === 0 ? 'now' : `−${duration(age)}`);
        }
    }

    drawSeries(points, x, y) {
        const floor = new Map(points.map(point => [point, 0]));
        const isFlat = (run, one) => run.every(point => one.value(point) === 0);
        const drawn = this.series.map((one, index) => {
            const group = document.createElementNS(Svg, 'g');
            group.setAttribute('class', `s-${one.colour}`);
            for (const run of this.runs(points, one)) {
                // What adds nothing to a stack is not drawn, but for one line where nothing adds anything.
                if (this.stacked && isFlat(run, one) && (index > 0 || !this.series.every(other => isFlat(run, other)))) continue;
                const upper = run.map(point => [x(point.time), y(floor.get(point) + one.value(point))]);
                const lower = run.map(point => [x(point.time), y(floor.get(point))]).reverse();
                const path = corners => corners.map(([across, up]) => `${across.toFixed(1)},${up.toFixed(1)}`).join('L');
                element(group, 'path', { class: this.stacked ? 'stack' : 'area', d: `M${path(upper)}L${path(lower)}Z` });
                element(group, 'path', { class: 'line', d: `M${path(upper)}${upper.length === 1 ? 'h0.01' : ''}` });
            }
            if (this.stacked)
                for (const point of points) floor.set(point, floor.get(point) + (one.value(point) ?? 0));
            return group;
        });
        this.svg.append(...drawn.reverse()); // Where one adds nothing, the line below it is what shows.
    }

    /** Points of a series that one line joins. */
    runs(points, one) {
        const runs = [];
        let open = false;
        for (const point of points) {
            const has = one.value(point) != null;
            if (has && open && point.joined) runs.at(-1).push(point);
            else if (has) runs.push([point]);
            open = has;
        }
        return runs;
    }

    describe(points) {
        const told = this.series.map(one => {
            const values = points.map(one.value).filter(value => value != null);
            if (values.length === 0) return `${one.label}: none yet`;
            return `${one.label}: now ${this.format(values.at(-1))}, lowest ${this.format(Math.min(...values))}, highest ${this.format(Math.max(...values))}`;
        });
        this.svg.setAttribute('aria-label', `${this.title}, up to the last five minutes. ${told.join('. ')}.`);
    }
}

const highest = (points, value) => roundUp(Math.max(1, ...points.map(value).filter(Number.isFinite)));
// Up to the limit, unless so little is used that nothing could be told apart.
const upToLimit = (points, limit, value, unit = 1) => {
    const most = Math.max(0, ...points.map(value));
    return limit === undefined ? 1 : most >= limit / 10 ? limit : Math.min(limit, roundUp(Math.max(unit, most * 1.2) / unit) * unit);
};
const entriesOf = point => point.cache.statistics.entries;
const bytesOf = point => point.cache.statistics.bytes;
const byteUnit = points => 1024 ** Math.floor(Math.log(Math.max(1, ...points.map(bytesOf))) / Math.log(1024));
const evicted = reason => point => point.evictions?.[reason];
const axis = n => n !== 0 && n < 10 ? rounded.format(n) : count(n);
const charts = [
    new Chart('ratio-chart', {
        series: [{ label: 'Hit ratio', colour: 'teal', value: point => point.ratio }],
        format: ratio => ratio === 0 || ratio === 0.5 || ratio === 1 ? `${ratio * 100}\u202f%` : percent(ratio),
        top: () => 1,
        empty: 'No requests',
    }),
    new Chart('requests-chart', {
        series: [
            { label: 'Hits', colour: 'teal', value: point => point.hits },
            { label: 'Misses', colour: 'orange', value: point => point.misses },
        ],
        format: axisRate, top: points => highest(points, point => point.hits + point.misses), stacked: true,
    }),
    new Chart('evictions-chart', {
        series: [
            { label: 'entries', colour: 'orange', value: evicted('entries') },
            { label: 'bytes', colour: 'magenta', value: evicted('bytes') },
            { label: 'tenant limit', colour: 'indigo', value: evicted('tenantLimit') },
            { label: 'expired', colour: 'grey', value: evicted('expired') },
        ],
        format: axisRate,
        top: points => highest(points, point => point.evictions && forRoom(point.evictions) + point.evictions.expired),
        stacked: true,
    }),
    new Chart('entries-chart', {
        series: [{ label: 'Entries', colour: 'teal', value: entriesOf }],
        format: axis, limit: point => point.cache.statistics.maxEntries,
        top: (points, limit) => upToLimit(points, limit, entriesOf),
    }),
    new Chart('bytes-chart', {
        series: [{ label: 'Memory', colour: 'indigo', value: bytesOf }],
        format: bytes, limit: point => point.cache.statistics.maxBytes,
        top: (points, limit) => upToLimit(points, limit, bytesOf, byteUnit(points)),
    }),
];

function axisRate(n) {
    return Number.isInteger(n) ? count(n) : rate(n);
}

// ---- Tables

/** Makes the body of a table hold these rows of texts, in place, so that a selection stays. */
const fill = (table, rows) => {
    const body = table.tBodies[0];
    while (body.rows.length > rows.length) body.deleteRow(-1);
    rows.forEach((cells, index) => {
        const row = body.rows[index] ?? body.insertRow();
        cells.forEach((text, column) => {
            const cell = row.cells[column] ?? (column === 0 ? element(row, 'th', { scope: 'row' }) : row.insertCell());
            if (cell.textContent !== text) cell.textContent = text;
        });
    });
    table.hidden = rows.length === 0;
};

const sorting = { key: 'bytes', descending: true };
const sortKeys = {
    id: tenant => tenant.id,
    entries: tenant => tenant.statistics.entries,
    bytes: tenant => tenant.statistics.bytes,
    ratio: tenant => tenant.statistics.hitRatio,
    requests: tenant => requestsOf(tenant.statistics),
    evictions: tenant => forRoom(tenant.statistics.evictions),
};

for (const head of document.querySelectorAll('#tenants thead th')) {
    head.querySelector('button').addEventListener('click', () => {
        const key = head.dataset.key;
        sorting.descending = sorting.key === key ? !sorting.descending : key !== 'id';
        sorting.key = key;
        for (const other of document.querySelectorAll('#tenants thead th')) {
            if (other === head) other.setAttribute('aria-sort', sorting.descending ? 'descending' : 'ascending');
            else other.removeAttribute('aria-sort');
        }
        render();
    });
}

const showTenants = cache => {
    const key = sortKeys[sorting.key];
    const compare = (one, other) => typeof key(one) === 'string' ? key(one).localeCompare(key(other)) : key(one) - key(other);
    const tenants = cache.tenants.toSorted((one, other) => (sorting.descending ? -1 : 1) * compare(one, other) || one.id.localeCompare(other.id));
    fill(byId('tenants'), tenants.map(({ id, statistics }) => [
        id,
        statistics.maxEntries < cache.statistics.maxEntries ? `${count(statistics.entries)} of ${count(statistics.maxEntries)}` : count(statistics.entries),
        statistics.maxBytes < cache.statistics.maxBytes ? `${bytes(statistics.bytes)} of ${bytes(statistics.maxBytes)}` : bytes(statistics.bytes),
        requestsOf(statistics) ? percent(statistics.hitRatio) : '–',
        count(requestsOf(statistics)),
        count(forRoom(statistics.evictions)),
    ]));
    byId('tenants-note').textContent = tenants.length === 0 ? 'No tenant holds entries here.'
        : tenants.length >= 100 ? 'The 100 tenants that hold most memory.' : '';
};

const showSweeps = (cache, time) => {
    fill(byId('sweeps'), cache.sweeps.map(sweep => [
        duration(Math.max(0, Math.round(time - Date.parse(sweep.startedAt) / 1000))), duration(sweep.durationSeconds), count(sweep.removed),
    ]));
    const { sweeper } = cache;
    const often = `every ${duration(cache.sweepIntervalSeconds)}`;
    const late = !sweeper || sweeper.hasEnded || sweeper.isLate;
    const note = byId('sweeps-note');
    note.textContent = !sweeper ? 'Not swept: no host has started the sweeper.'
        : sweeper.hasEnded ? 'Not swept any more: the sweeper has ended.'
        : sweeper.isLate ? `Late: one is due ${often}, and for ${duration(sweeper.secondsSinceLastSweep)} there was none.`
        : `${cache.sweeps.length ? 'One' : 'None yet; one'} ${often}.`;
    note.classList.toggle('late', late);
};

const showTotals = statistics => {
    const totals = {
        'Hits': statistics.hits,
        'Misses': statistics.misses,
        'Values stored': statistics.sets,
        'Removed by callers': statistics.removals,
        'Refused, too large': statistics.rejections,
        'Evicted for entries': statistics.evictions.entries,
        'Evicted for bytes': statistics.evictions.bytes,
        'Evicted for tenant limits': statistics.evictions.tenantLimit,
        'Dropped as expired': statistics.evictions.expired,
    };
    const list = byId('totals');
    Object.entries(totals).forEach(([name, total], index) => {
        let row = list.children[index];
        if (!row) {
            row = element(list, 'div');
            element(row, 'dt', {}, name);
            element(row, 'dd');
        }
        row.lastChild.textContent = whole.format(total);
    });
};

// ---- The whole

const histories = new Map();
const chosenInAddress = () => {
    try {
        return decodeURIComponent(location.hash.slice(1));
    } catch {
        return ''; // An address that was cut off.
    }
};
let chosen = chosenInAddress();
let snapshot;
let held; // The histories as they were when the page was paused.

const figure = (id, text, unit = '') => {
    const target = byId(id);
    target.textContent = text;
    if (unit) element(target, 'small', {}, unit);
};

const render = () => {
    const cache = snapshot?.caches.find(one => one.name === chosen);
    if (!cache || document.hidden) return;
    const kept = (held ?? histories).get(chosen);
    const { points } = kept;
    const [last, statistics] = [points.at(-1), cache.statistics];
    const perMinute = kept.ratioOver(60);

    document.title = `${cache.name} · Cache`;
    byId('title').textContent = snapshot.application ? `Cache of ${snapshot.application}` : 'Cache';
    byId('instance').textContent = snapshot.caches.length === 1 ? `${cache.name} on ${snapshot.instance}` : snapshot.instance;

    figure('ratio', perMinute === null ? '–' : percent(perMinute));
    byId('ratio-note').textContent = requestsOf(statistics) === 0 ? 'No requests yet'
        : `${perMinute === null ? 'No requests for a minute' : 'Last minute'}; ${percent(statistics.hitRatio)} since the start`;
    figure('requests', last.joined ? rate(last.hits + last.misses) : '–', '/s');
    byId('requests-note').textContent = `${count(requestsOf(statistics))} since the start`;
    const { evictions } = statistics;
    figure('evictions', last.joined ? rate(forRoom(last.evictions) + last.evictions.expired) : '–', '/s');
    byId('evictions-note').textContent = `${count(forRoom(evictions))} for room, ${count(evictions.expired)} expired`;
    figure('entries', count(statistics.entries));
    figure('bytes', ...bytes(statistics.bytes).split('\u202f'));
    for (const [id, used, limit, text] of [
        ['entries', statistics.entries, statistics.maxEntries, count(statistics.maxEntries)],
        ['bytes', statistics.bytes, statistics.maxBytes, bytes(statistics.maxBytes)],
    ]) {
        byId(`${id}-meter`).value = used / limit;
        byId(`${id}-note`).textContent = `${percent(used / limit)} of ${text}`;
    }
    const age = statistics.lastEvictedAgeSeconds;
    figure('age', age === null ? '–' : duration(age));
    byId('age-note').textContent = age !== null ? `${statistics.lastEvictedAgeIsAtLeast ? 'At least; ' : ''}as the last evicted did`
        : forRoom(evictions) ? 'Not told for a cache this small' : 'None was evicted alive';

    for (const chart of charts) chart.show(points);
    showTenants(cache);
    showSweeps(cache, last.time);
    showTotals(statistics);
};

const choose = name => {
    chosen = name;
    window.history.replaceState(null, '', `#${encodeURIComponent(name)}`);
    render();
};

const showChoices = names => {
    const select = byId('choice');
    if ([...select.options].map(option => option.value).join('\n') !== names.join('\n')) {
        select.replaceChildren(...names.map(name => new Option(name, name)));
        byId('chooser').hidden = names.length === 1;
    }
    if (!names.includes(chosen)) chosen = names[0];
    select.value = chosen;
};

byId('choice').addEventListener('change', event => choose(event.target.value));
window.addEventListener('hashchange', () => {
    chosen = chosenInAddress();
    if (snapshot) showChoices(snapshot.caches.map(cache => cache.name));
    render();
});
byId('pause').addEventListener('click', () => {
    held = held ? undefined : new Map([...histories].map(([name, history]) => [name, history.copy()]));
    byId('pause').textContent = held ? 'Resume' : 'Pause';
    tell(state, detail);
    if (held || !newest) return;
    snapshot = newest;
    showChoices(snapshot.caches.map(cache => cache.name));
    render();
});

// ---- The connection

let newest;
let state = 'connecting';
let detail = '';
let heardAt = 0;
let stream;
let timer;
let resting = false;

const tell = (what, more = '') => {
    [state, detail] = [what, more];
    const status = byId('status');
    const [shown, text] = held && what === 'live' ? ['paused', 'Paused'] : {
        connecting: [what, 'Connecting'],
        live: [what, more || 'Live'],
        lost: [what, `Connection lost${newest ? ` at ${clock.format(new Date(newest.at))}` : ''}, trying again`],
        refused: [what, 'Access refused. Sign in and load the page again'],
    }[what];
    document.body.classList.toggle('stale', what === 'lost' || what === 'refused');
    if (status.textContent === text) return; // So that a screen reader hears it once.
    status.dataset.state = shown;
    status.textContent = text;
};

const receive = (received, more) => {
    heardAt = performance.now();
    // Another process counts anew, and where the clock was set back nothing follows on what was kept.
    if (newest && (newest.run !== received.run || Date.parse(received.at) < Date.parse(newest.at))) histories.clear();
    newest = received;
    for (const cache of received.caches) {
        if (!histories.has(cache.name)) histories.set(cache.name, new History());
        histories.get(cache.name).add(Date.parse(received.at) / 1000, cache);
    }
    tell('live', more);
    if (held) return;
    snapshot = received;
    showChoices(received.caches.map(cache => cache.name));
    render();
};

const later = (what, seconds) => {
    clearTimeout(timer);
    timer = setTimeout(what, seconds * 1000);
};

const connect = () => {
    clearTimeout(timer);
    stream?.close();
    const opened = stream = new EventSource(address('events'));
    heardAt = performance.now();
    opened.onmessage = event => receive(JSON.parse(event.data));
    opened.addEventListener('over', () => opened === stream && connect()); // Whether one may look is asked again.
    opened.onerror = () => {
        if (opened !== stream) return;
        if (opened.readyState !== EventSource.CLOSED) return tell('lost');
        stream = undefined;
        poll(0);
    };
};

// The stream was refused: too many listen, a proxy is in the way, or the right to look has ended.
const poll = async asked => {
    let wait = PollEvery;
    try {
        const response = await fetch(address('statistics'), { cache: 'no-store', redirect: 'manual' });
        if (response.ok) receive(await response.json(), `Live, every ${PollEvery} s`);
        else if (response.status === 401 || response.status === 403 || response.type === 'opaqueredirect') {
            tell('refused');
            wait = 30;
        } else tell('lost');
    } catch {
        tell('lost');
    }
    if (resting || stream) return;
    if ((asked + 1) * PollEvery >= RetryStreamAfter || state === 'lost') later(connect, wait);
    else later(() => poll(asked + 1), wait);
};

setInterval(() => {
    if (!stream) return;
    const silent = (performance.now() - heardAt) / 1000;
    if (silent > Silence && state === 'live') tell('lost');
    if (silent > 3 * Silence) connect();
}, 1000);

let unseen;
const look = () => {
    clearTimeout(unseen);
    if (document.hidden) {
        unseen = setTimeout(rest, RestAfter * 1000);
    } else if (resting) {
        resting = false;
        tell('connecting');
        connect();
    }
    render();
};

const rest = () => {
    resting = true;
    clearTimeout(timer);
    stream?.close();
    stream = undefined;
};

document.addEventListener('visibilitychange', look);
connect();
look();
