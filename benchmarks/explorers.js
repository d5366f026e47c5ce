// What benchmarks/explorers.py does in the page: one move of an explorer or of the figure, and how long it takes.
// A frame is painted when the browser comes to the first task after the animation frame that drew it.
() => {
    const painted = () => new Promise((done) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(performance.now());
        port2.postMessage(0);
    }));
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const idle = () => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle';
    // A finger does not wait for the screen; nothing of the last move may be left to do.
    const rest = async () => {
        do await pause(50 + 17 * Math.random()); while (!idle());
    };
    const roots = [...document.querySelectorAll('.ck-explorer')];
    // Box scale: of all controls the one that changes every pixel. Step i goes up and down its range.
    const move = (root, step, settled) => {
        const { input } = root.parentElement.carekit.controls.box_scale;
        input.value = 0.5 + 0.05 * Math.abs((step + 20) % 40 - 20);
        input.dispatchEvent(new Event('input', { bubbles: true }));
        if (settled) input.dispatchEvent(new Event('change', { bubbles: true }));
    };
    const words = (root) => root.querySelector('.ck-words').textContent;
    const key = (name) => document.querySelector('.noUi-handle').dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));
    const cell = document.querySelector('.noUi-handle').closest('.jp-Cell');
    const picture = () => cell.querySelector('.jupyter-widgets img');

    window.emptyFrame = async () => {
        await rest();
        const started = performance.now();
        return await painted() - started;
    };
    window.explorerMove = async (place, step) => {
        const root = roots[place];
        root.scrollIntoView();
        await rest();
        const before = words(root), started = performance.now();
        move(root, step, false);
        const ended = await painted();
        if (words(root) === before) throw new Error(`not painted: ${before}`);
        return ended - started;
    };
    window.patternMove = async (right) => {
        const before = picture().src;
        picture().scrollIntoView();
        await rest();
        const started = performance.now();
        key(right ? 'ArrowRight' : 'ArrowLeft');
        while (!picture() || picture().src === before) {
            if (performance.now() - started > 30000) throw new Error('the figure does not follow its slider');
            await pause(0);
        }
        await picture().decode();
        return await painted() - started;
    };
    // One second of a finger: at each frame of the screen the step of that moment; how many frames showed another one.
    const second = async (act, look) => {
        await rest();
        let frames = 0, last = look(), started = performance.now();
        for (let now = 0, step = 0; now < 1000; now = await painted() - started) {
            frames += look() !== last;
            last = look();
            while (step < now * 60 / 1000) act(++step);
        }
        return frames + (look() !== last);
    };
    window.emptyDrag = () => second(() => {}, () => performance.now());
    window.explorerDrag = (place) => second((step) => move(roots[place], step), () => words(roots[place]));
    window.patternDrag = () => second((step) => key(step <= 30 ? 'ArrowRight' : 'ArrowLeft'), () => picture()?.src);
    window.askKernel = async (place, image) => {
        const { model } = roots[place].parentElement.carekit.kernel, number = -Math.random(), started = performance.now();
        const answer = new Promise((done, fail) => model.on('msg:custom', (content) => {
            if (content.number === number) (content.error ? fail(Error(content.error)) : done());
        }));
        model.send({ number, image });
        await answer;
        return performance.now() - started;
    };
    window.manyMoves = async (place, n) => {
        for (let i = 0; i < n; i++) {
            move(roots[place], i, true);
            await painted();
        }
    };
}
